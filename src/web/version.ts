/**
 * The version that health and OpenAPI tell; the same as the package's.
 */
import manifest from "../../package.json" with { type: "json" };

export const VERSION: string = manifest.version;
