/**
 * The problems of backups, restores and turning an object back.
 */
import { kind } from "./problem-kind.ts";

export const BACKUP_PROBLEMS = {
  backup_unreadable: kind(
    422,
    "This is not a backup that can be restored here",
    "See detail; nothing of the line was restored.",
  ),
  backup_disturbed: kind(
    409,
    "An object changed while it was read for the backup",
    "Keep the first lines of the backup, as many as lines says, and go on with again; pause the " +
      "sale when it happens often.",
  ),
  restore_occupied: kind(
    409,
    "An object of the sale holds something already",
    "Restore into a deployment where the sale is not, or delete what holds it.",
  ),
  restore_out_of_order: kind(
    409,
    "A part of the object is missing",
    "Send the object's parts in their order, from part on.",
  ),
  restore_incomplete: kind(
    409,
    "The object is not restored from this backup",
    "Send all its parts first; then wake it.",
  ),
  turn_back_unsupported: kind(
    501,
    "This runtime keeps no earlier states of an object",
    "Cloudflare does, for 30 days. Here, restore a backup.",
  ),
};
