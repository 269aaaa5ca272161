/**
 * Tells the shop's page around the bank's dialog that the shopper has decided. It says nothing
 * else: the page looks the payment up.
 */
parent.postMessage("sandbox: decided", "*");
