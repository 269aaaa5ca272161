/**
 * The files of npm packages that the pages serve as they are: ALTCHA's widget, and Swagger UI for
 * the API reference. Each is named in its package and in the folder of the pages' assets.
 */
export const VENDORED_FILES = [
  // The widget's build for a strict content security policy: styles and workers are files.
  ["altcha/dist/external/altcha.min.js", "altcha/widget.js"],
  ["altcha/dist/external/altcha.css", "altcha/widget.css"],
  ["altcha/dist/workers/scrypt.js", "altcha/scrypt.js"],
  ["altcha/dist/workers/pbkdf2.js", "altcha/pbkdf2.js"],
  ["altcha/LICENSE.txt", "altcha/LICENSE.txt"],
  ["@noble/curves/LICENSE", "bls/LICENSE"],
  ["swagger-ui-dist/swagger-ui-bundle.js", "swagger-ui/swagger-ui-bundle.js"],
  [
    "swagger-ui-dist/swagger-ui-bundle.js.LICENSE.txt",
    "swagger-ui/swagger-ui-bundle.js.LICENSE.txt",
  ],
  ["swagger-ui-dist/swagger-ui.css", "swagger-ui/swagger-ui.css"],
  ["swagger-ui-dist/LICENSE", "swagger-ui/LICENSE"],
  ["swagger-ui-dist/NOTICE", "swagger-ui/NOTICE"],
] as const;
