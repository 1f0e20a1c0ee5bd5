/** Markup that is safe to send: made by `html`, or from constants. */
export class Html {
  readonly markup: string;
  constructor(markup: string) {
    this.markup = markup;
  }
  toString(): string {
    return this.markup;
  }
}

type Value = string | number | Html | readonly Html[];

/** Escapes the values of a template unless they are markup: html`<b>${customer}</b>`. */
export function html(parts: TemplateStringsArray, ...values: Value[]): Html {
  return new Html(parts.reduce((text, part, index) => `${text}${markupOf(values[index - 1])}${part}`));
}

function markupOf(value: Value | undefined): string {
  if (value instanceof Html) return value.markup;
  if (Array.isArray(value)) return value.map((each: Html) => each.markup).join('');
  return escapeHtml(String(value ?? ''));
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Escapes text for markup and quoted attributes; drops control characters except tab and line ends. */
function escapeHtml(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern must find them
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '')
      .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
  );
}

/**
 * Returns a whole mail around its content: one column of at most 600 px, which fits a phone. Mail programs may invert its
 * colours for dark mode; it has no image and loads nothing.
 */
export function page(lang: string, title: string, content: Html, footer: Html): string {
  return html`<!doctype html>
<html lang="${lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1 dir="auto">${title}</h1>
${content}
</main>
<footer>${footer}</footer>
</body>
</html>
`.markup;
}

const STYLE = new Html(`
:root { color-scheme: light dark; }
body { margin: 0 auto; padding: 24px 16px; max-width: 600px; font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Arial, sans-serif; color: #1f2328; background: #ffffff; }
h1 { font-size: 20px; line-height: 1.3; margin: 0 0 16px; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
th, td { text-align: start; vertical-align: top; padding: 8px 8px 8px 0; border-bottom: 1px solid #d0d7de; overflow-wrap: anywhere; }
th { font-size: 13px; font-weight: 600; color: #57606a; }
.stage { width: 30%; }
.days { width: 56px; text-align: end; white-space: nowrap; font-variant-numeric: tabular-nums; padding-inline-end: 0; }
.new { font-size: 12px; font-weight: 600; color: #9a3412; white-space: nowrap; }
.quiet, footer { font-size: 13px; color: #57606a; }
footer { margin-top: 24px; }
@media (prefers-color-scheme: dark) {
  body { color: #e6edf3; background: #0d1117; }
  th, td { border-color: #30363d; }
  th, .quiet, footer { color: #9da7b1; }
  .new { color: #fdba74; }
}
`);
