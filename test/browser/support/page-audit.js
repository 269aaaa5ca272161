/**
 * Runs in a page and lists what a reader could not use: text with too little contrast, controls
 * that are too small to touch, and content wider than the window.
 *
 * Not a complete audit: it checks what can be measured (WCAG 2.2: 1.4.3, 1.4.10, 1.4.11; targets of
 * 44 px). It takes backgrounds to be plain colours, as these pages' are.
 */
const TEXT_CONTRAST_MIN = 4.5;
const LARGE_TEXT_CONTRAST_MIN = 3;
const CONTROL_CONTRAST_MIN = 3;
const TARGET_PX_MIN = 44;

/** @param {string} colour as in a computed style */
function channelsOf(colour) {
  const [red = 0, green = 0, blue = 0, alpha = 1] = (colour.match(/[\d.]+/g) ?? []).map(Number);
  return { red, green, blue, alpha };
}

/** @param {string} colour */
function luminanceOf(colour) {
  const { red, green, blue } = channelsOf(colour);
  const [r = 0, g = 0, b = 0] = [red, green, blue].map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/**
 * @param {string} one
 * @param {string} other
 */
function contrastOf(one, other) {
  const [dark = 0, light = 0] = [luminanceOf(one), luminanceOf(other)].toSorted((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/** @param {Element | null} element */
function backgroundOf(element) {
  for (let at = element; at !== null; at = at.parentElement) {
    const { backgroundColor } = getComputedStyle(at);
    if (channelsOf(backgroundColor).alpha > 0) return backgroundColor;
  }
  return "rgb(255, 255, 255)";
}

/**
 * ALTCHA's widget is excluded, because it has its own design, in colours that are not `rgb()`.
 * @param {Element} element
 */
function isShown(element) {
  return (
    element.checkVisibility({ visibilityProperty: true }) &&
    !element.closest(".unseen, .skip, altcha-widget")
  );
}

/** @param {Element} element */
function describe(element) {
  const text = (element.textContent ?? "").trim().replace(/\s+/g, " ").slice(0, 40);
  return `<${element.localName}> “${text}”`;
}

function findPaleText() {
  const findings = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (element === null || !walker.currentNode.textContent?.trim() || !isShown(element)) continue;
    const { color, fontSize, fontWeight } = getComputedStyle(element);
    const size_px = Number.parseFloat(fontSize);
    const isLarge = size_px >= 24 || (size_px >= 18.66 && Number(fontWeight) >= 700);
    const contrast = contrastOf(color, backgroundOf(element));
    if (contrast >= (isLarge ? LARGE_TEXT_CONTRAST_MIN : TEXT_CONTRAST_MIN)) continue;
    findings.push(`${describe(element)} has a contrast of ${contrast.toFixed(2)}`);
  }
  return findings;
}

function findPaleControls() {
  const controls = [...document.querySelectorAll("input:not([type=radio]), select")];
  return controls.filter(isShown).flatMap((control) => {
    const { borderTopColor } = getComputedStyle(control);
    const contrast = contrastOf(borderTopColor, backgroundOf(control.parentElement));
    if (contrast >= CONTROL_CONTRAST_MIN) return [];
    return [`${describe(control)} has an edge with a contrast of ${contrast.toFixed(2)}`];
  });
}

function findSmallTargets() {
  const targets = [...document.querySelectorAll("button, select, input, summary, .button, nav a")];
  return targets.filter(isShown).flatMap((target) => {
    const { width, height } = (target.closest("label") ?? target).getBoundingClientRect();
    if (Math.min(width, height) >= TARGET_PX_MIN) return [];
    return [`${describe(target)} is only ${Math.round(width)} by ${Math.round(height)} px`];
  });
}

function findOverflow() {
  const { scrollWidth } = document.documentElement;
  if (scrollWidth <= innerWidth) return [];
  return [`the page is ${scrollWidth} px wide in a window of ${innerWidth} px`];
}

/** One line for each finding. */
export function auditPage() {
  return [findPaleText(), findPaleControls(), findSmallTargets(), findOverflow()].flat();
}
