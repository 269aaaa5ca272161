/** The message of whatever was thrown; "unknown" for what is neither an error nor a text. */
export function errorText(error: unknown): string {
  if (error instanceof Error) return error.message;
  return typeof error === "string" ? error : "unknown";
}
