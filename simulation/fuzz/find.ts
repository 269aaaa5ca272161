/**
 * Finds the input of a stretch that broke a rule, by binary search.
 *
 * Returns null when no single input breaks it, which means that several inputs do so together.
 */

/** Sends these inputs again, both ends included; true when they break the rule. */
type IsBroken = (first: number, last: number) => Promise<boolean>;

export async function findInput(
  first: number,
  last: number,
  isBroken: IsBroken,
): Promise<number | null> {
  let [low, high] = [first, last];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (await isBroken(low, middle)) high = middle;
    else low = middle + 1;
  }
  return (await isBroken(low, low)) ? low : null;
}
