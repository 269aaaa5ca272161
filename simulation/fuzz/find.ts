/**
 * Finds the input of a stretch after which something was amiss, by halving the stretch.
 *
 * Each part is sent to a Sluice of its own, because a change may hide the next one. Gives null when
 * no single input does it, which tells that it takes two.
 */

/** Whether something is amiss after these inputs, both ends included, were sent afresh. */
export type IsAmiss = (first: number, last: number) => Promise<boolean>;

export async function findInput(
  first: number,
  last: number,
  isAmiss: IsAmiss,
): Promise<number | null> {
  let [low, high] = [first, last];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (await isAmiss(low, middle)) high = middle;
    else low = middle + 1;
  }
  return (await isAmiss(low, low)) ? low : null;
}
