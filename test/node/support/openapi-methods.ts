/**
 * Loaded before every test: it gives zod's schemas their OpenAPI methods, which only schemas made
 * afterwards have. Files of one process share their modules, so a schema of the rules might
 * otherwise be made before by a test that has nothing to do with the API.
 */
import "@hono/zod-openapi";
