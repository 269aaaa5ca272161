/**
 * A merchant's own page: which templates are refused, what a page shows, and that no value of a
 * variable becomes markup or script.
 */
import * as fc from "fast-check";
import Mustache from "mustache";
import { describe, expect, test } from "vitest";
import { cloudflareWaitingRoom } from "../../../src/domain/formats/cloudflare-waiting-room.ts";
import { TEMPLATE_DEPTH_MAX, TEMPLATE_FAULTS_MAX } from "../../../src/domain/limits.ts";
import { TEMPLATE_VARIABLES, templateFaults } from "../../../src/domain/sale/page-template.ts";
import {
  escapeText,
  renderTemplate,
  templateView,
  type TemplateView,
} from "../../../src/domain/formats/template-render.ts";
import { ENDS_MS, OPENS_MS, STARTS_MS } from "../support/sale-document.ts";

function viewOf(change: Partial<TemplateView> = {}): TemplateView {
  const waitingRoom = cloudflareWaitingRoom({
    sale: { admission: { method: "fifo" } },
    schedule: { opensAt_ms: OPENS_MS, startsAt_ms: STARTS_MS, endsAt_ms: ENDS_MS },
    standing: { state: "queued", cohort: 2, wait: { low_s: 7000, high_s: 8000 } },
    retryAfter_s: 20,
    turnstile: "",
    now: STARTS_MS + 1000,
  });
  const view = templateView({ waitingRoom, title: "Air One drop", message: null, position: 41 });
  return { ...view, ...change };
}

function render(template: string, change: Partial<TemplateView> = {}): string | null {
  return renderTemplate(template, viewOf(change), "n0nce");
}

/** The structure of Cloudflare's documented example, with our own text. */
const IN_THEIR_STYLE = `<!DOCTYPE html>
<html lang="en">
<head>
  <title>You are in line</title>
  <style>main { color: #123; }</style>
</head>
<body style="margin: 0">
  <main>
    {{#waitTimeKnown}}<p>About {{waitTimeFormatted}} to go.</p>{{/waitTimeKnown}}
    {{^waitTimeKnown}}
      {{#queueIsFull}}<p>More than a day.</p>{{/queueIsFull}}
      {{^queueIsFull}}<p>Nobody knows how long.</p>{{/queueIsFull}}
    {{/waitTimeKnown}}
    {{#isEventPrequeueing}}<p>Starts in {{timeUntilEventStartFormatted}}.</p>{{/isEventPrequeueing}}
    <p>{{ waitTimeHours }} h {{ waitTimeHourMinutes }} min</p>
    {{{turnstile}}}
  </main>
  <script type="text/javascript">
    var waitTime = {{waitTime}};
    var waitTimeKnown = {{waitTimeKnown}};
  </script>
</body>
</html>`;

describe("a template is refused, with its line,", () => {
  test.each([
    ["for an unknown variable", "<p>\n{{waitTme}}", "line 2: 'waitTme' is not a variable"],
    ["for an unknown section", "{{#nope}}x{{/nope}}", "line 1: 'nope' is not a variable"],
    ["for an unknown negation", "{{^nope}}x{{/nope}}", "line 1: 'nope' is not a variable"],
    ["for the whole view", "{{.}}", "line 1: '.' is not a variable"],
    ["for a path into a value", "{{title.length}}", "line 1: 'title.length' is not a variable"],
    ["for an inherited name", "{{constructor}}", "line 1: 'constructor' is not a variable"],
    ["for an empty tag", "{{}}", "line 1: '' is not a variable"],
    ["for three braces", "{{{title}}}", "line 1: {{{title}}} would not be escaped"],
    ["for an ampersand", "{{&message}}", "line 1: {{{message}}} would not be escaped"],
    ["for a proof that is escaped", "{{turnstile}}", "line 1: write {{{turnstile}}}"],
    ["for two proofs", "{{{turnstile}}}\n{{&turnstile}}", "line 2: {{{turnstile}}} may appear"],
    ["for a proof in a script", "<script>'{{{turnstile}}}'</script>", "must not be inside"],
    ["for a partial", "\n\n{{> head}}", "line 3: {{>head}} is a partial"],
    ["for other delimiters", "{{=<% %>=}}<% waitTime %>", "line 1: the delimiters must stay"],
    ["for an unclosed tag", "a\nb {{waitTime", "line 2: Unclosed tag"],
    ["for an unclosed section", "{{#queueAll}}\nx", 'line 2: Unclosed section "queueAll"'],
    ["for a section never opened", "x\n{{/queueAll}}", 'line 2: Unopened section "queueAll"'],
    ["for crossed sections", "{{#queueAll}}{{#title}}{{/queueAll}}{{/title}}", "Unclosed section"],
  ])("%s", (_why, template, fault) => {
    expect(templateFaults(template).join("\n")).toContain(fault);
  });

  test("for sections nested one deeper than allowed, and not at the limit", () => {
    const nested = (depth: number) => {
      return "{{#queueAll}}".repeat(depth) + "{{/queueAll}}".repeat(depth);
    };
    expect(templateFaults(nested(TEMPLATE_DEPTH_MAX))).toEqual([]);
    expect(templateFaults(nested(TEMPLATE_DEPTH_MAX + 1))).toEqual([
      `line 1: sections are nested deeper than ${TEMPLATE_DEPTH_MAX}`,
    ]);
  });

  test("for every fault at once, in order, up to a limit", () => {
    expect(templateFaults("{{one}}\n{{=| |=}}\n|two|")).toHaveLength(3);
    expect(templateFaults("{{x}}".repeat(TEMPLATE_FAULTS_MAX))).toHaveLength(TEMPLATE_FAULTS_MAX);
    const more = templateFaults("{{x}}".repeat(TEMPLATE_FAULTS_MAX + 1));
    expect(more).toHaveLength(TEMPLATE_FAULTS_MAX);
  });
});

test("every variable of Cloudflare's, and each of Sluice's, may be used and has a value", () => {
  const view = viewOf();
  expect(TEMPLATE_VARIABLES).toEqual(expect.arrayContaining(Object.keys(view)));
  for (const name of TEMPLATE_VARIABLES) {
    const brackets = name === "turnstile" ? `{{{${name}}}}` : `{{${name}}}`;
    expect(templateFaults(`{{! comment }}${brackets}{{#${name}}}1{{/${name}}}`)).toEqual([]);
    expect(view).toHaveProperty(name);
  }
});

describe("a page in Cloudflare's style", () => {
  test("is accepted and shows the wait, as text and as hours and minutes", () => {
    expect(templateFaults(IN_THEIR_STYLE)).toEqual([]);
    const page = render(IN_THEIR_STYLE);
    expect(page).toContain("<p>About 2 hours 5 minutes to go.</p>");
    expect(page).toContain("<p>2 h 5 min</p>");
    expect(page).toContain("var waitTime = 125;");
    expect(page).toContain("var waitTimeKnown = true;");
    expect(page).not.toContain("Starts in");
  });

  test("says so when the wait is not known", () => {
    const page = render(IN_THEIR_STYLE, { waitTimeKnown: false });
    expect(page).toContain("Nobody knows how long.");
  });

  test("has the nonce on its own scripts and styles, and nowhere else", () => {
    const page = render(`${IN_THEIR_STYLE}<link rel="stylesheet" href="https://a.example/a.css">`);
    const marked = page?.match(/<\w+ nonce=n0nce/g);
    expect(marked).toEqual(["<style nonce=n0nce", "<script nonce=n0nce", "<link nonce=n0nce"]);
  });

  test("always begins with a doctype", () => {
    expect(render("<p>Wait.")).toBe("<!doctype html>\n<p>Wait.");
    expect(render(IN_THEIR_STYLE)?.startsWith("<!DOCTYPE html>")).toBe(true);
  });

  test("is not used when a proof is required and the template lacks its form", () => {
    const turnstile = "<form>prove it</form>";
    expect(render("<p>Wait.", { turnstile })).toBeNull();
    expect(render("{{#queueAll}}{{{turnstile}}}{{/queueAll}}", { turnstile })).toBeNull();
    expect(render("<p>{{{turnstile}}}", { turnstile })).toContain(`<p>${turnstile}`);
  });
});

const hostile = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    "</title><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "';alert(1)//",
    "\\",
    "${alert(1)}",
    "`+alert(1)+`",
    "\n\r\u2028\u2029",
    "{{turnstile}}{{{turnstile}}}",
    "<script nonce=n0nce>alert(1)</script>",
  ),
);

test("no title and no message breaks out of the text, attribute or script string it is in", () => {
  fc.assert(
    fc.property(hostile, hostile, (title, message) => {
      const page = render("|{{title}}|{{message}}|", { title, message }) ?? "";
      expect(page.split("|")).toHaveLength(4);
      const shown = page.slice("<!doctype html>\n".length);
      expect(shown).not.toMatch(/[<>"'`$\\=(){}\n\r\u2028\u2029]/);
    }),
  );
});

test("escaped text is displayed as it was written", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const read = escapeText(text).replace(/&#(\d+);/g, (_, code) => {
        return String.fromCodePoint(Number(code));
      });
      expect(read).toBe(text);
    }),
  );
});

test("sections render as in Mustache itself", () => {
  const name = fc.constantFrom("queueAll", "waitTimeKnown", "title", "message", "waitTime");
  const piece = fc.tuple(name, fc.constantFrom("{{X}}", "{{#X}}a{{/X}}", "{{^X}}b{{/X}}\n", " t "));
  fc.assert(
    fc.property(fc.array(piece), fc.boolean(), fc.nat(3), (pieces, queueAll, waitTime) => {
      const template = pieces.map(([name, text]) => text.replaceAll("X", name)).join("");
      const view = viewOf({ queueAll, waitTime });
      const theirs = Mustache.render(template, view, {}, { escape: escapeText });
      expect(renderTemplate(template, view, "n")).toBe(`<!doctype html>\n${theirs}`);
    }),
  );
});
