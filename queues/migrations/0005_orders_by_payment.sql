-- Events about a payment, such as a dispute, name the payment and not its order.
CREATE INDEX orders_by_payment ON orders (payment) WHERE payment IS NOT NULL;
