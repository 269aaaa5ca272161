/**
 * One kind of problem: its status, what it is, and what to do next.
 */
import type { ContentfulStatusCode } from "hono/utils/http-status";

export interface ProblemKind {
  readonly status: ContentfulStatusCode;
  readonly title: string;
  readonly next: string;
}

export const kind = (status: ContentfulStatusCode, title: string, next: string): ProblemKind => {
  return { status, title, next };
};
