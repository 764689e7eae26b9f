import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { brotliCompressSync } from 'node:zlib';
import highlighter from 'highlight.js';
import { Marked } from 'marked';

export interface RenderedPage {
  htmlBytes: number;
  /** Of the page as a server sends it. */
  compressedBytes: number;
  /** SHA-256 of the compressed page: two renderings can be compared without keeping the pages. */
  digest: string;
}

const markdown = new Marked({ renderer: { code: ({ text, lang }) => `<pre><code class="hljs">${highlight(text, lang)}</code></pre>\n` } });

/** Renders a Markdown file to HTML, compressed as well as can be, for it is sent often. The threads and the main thread both do exactly this. */
export async function renderFile(path: string): Promise<RenderedPage> {
  const html = await renderText(await readFile(path, 'utf8'));
  const compressed = brotliCompressSync(html);
  return {
    htmlBytes: Buffer.byteLength(html),
    compressedBytes: compressed.byteLength,
    digest: createHash('sha256').update(compressed).digest('hex'),
  };
}

/** Markdown as HTML, with highlighted code. */
export async function renderText(text: string): Promise<string> {
  return markdown.parse(text);
}

/** A code block as HTML. Without a language that is known, highlight.js tries all of them: the expensive part. */
function highlight(code: string, infoString = ''): string {
  const language = infoString.split(/[\s,{]/, 1)[0] ?? '';
  return highlighter.getLanguage(language) ? highlighter.highlight(code, { language }).value : highlighter.highlightAuto(code).value;
}
