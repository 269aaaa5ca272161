/**
 * Shows the API's OpenAPI document by Swagger UI, which the page has loaded before this.
 *
 * Guarantee: nothing is asked of another origin: the viewer's own validator is off. Tokens that a
 * reader types in are in memory only and are gone when the page is left.
 */

const dark = matchMedia("(prefers-color-scheme: dark)");
const followScheme = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", followScheme);
followScheme();

/** @type {(options: object) => unknown} */
const showDocument = Reflect.get(globalThis, "SwaggerUIBundle");
const place = document.getElementById("reference");

showDocument({
  domNode: place,
  url: place?.dataset["document"],
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  persistAuthorization: false,
  validatorUrl: null,
});
