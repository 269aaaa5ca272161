/**
 * What `npm run restore` says at its end.
 */
import type { Restored } from "./restore-sale.ts";

export function restoreReport(restored: Restored, dryRun: boolean): string {
  const { header, end, already, erased, audit } = restored;
  const { sale, startedAt, paused, id } = header;
  const counts = Object.entries(end.objects).map(([kind, count]) => `${count} ${kind}`);
  const state = paused ? "while the sale was paused" : "while the sale ran";
  const lines = [
    `Backup ${id} of sale ${sale}, begun ${startedAt} ${state}: ${counts.join(", ")}.`,
    dryRun
      ? `Everything of it can be restored here; ${already} objects already are. Nothing was done.`
      : `Everything of it is restored here; ${already} objects already were.`,
  ];
  if (dryRun) return `${lines.join("\n")}\n`;
  if (erased > 0) lines.push(`${erased} buyers were erased since the backup, and are so again.`);
  lines.push(
    "The audit of the sale (compare the order book too: docs/backup.md#after-a-restore):",
    JSON.stringify(audit, null, 2),
  );
  return `${lines.join("\n")}\n`;
}
