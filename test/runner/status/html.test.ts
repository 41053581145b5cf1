import fc from 'fast-check';
import { Html, html, shorten, withoutDigests } from '../../../src/runner/status/html';

/** What a browser makes of the text of an element or of an attribute in quotes. */
function unescape(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (_all, name: string) => ({ 'amp': '&', 'lt': '<', 'gt': '>', 'quot': '"', '#39': '\'' })[name]!);
}

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.array(fc.constantFrom('<', '>', '"', '\'', '&', '`', '<script>', '</style>', '-->', ']]>', '&lt;', '&#60;', '\u0000', '\u202e', '\ud800', '\n', 'x'), { maxLength: 30 }).map(parts => parts.join('')),
);

test('whatever text is put in, nothing of it is markup, and what can be shown is what it was', () => {
  fc.assert(fc.property(hostile, text => {
    const { text: rendered } = html`<p title="${text}">${text}</p>`;
    const [, attribute, content] = /^<p title="([^"]*)">([^<>]*)<\/p>$/.exec(rendered)!;
    const shown = unescape(content!);
    // One question a text: to ask jest five takes longer than all else.
    expect({
      sameInAttribute: attribute === content,
      // eslint-disable-next-line no-control-regex
      markup: /["'<>]|&(?!(amp|lt|gt|quot|#39);)|[\u0000-\u0008\u202a-\u202e\u2066-\u2069]/.exec(content!),
      halfCharacters: Buffer.from(content!, 'utf8').toString('utf8') !== content,
      shown: shown.includes('\ufffd') ? text : shown,
    }).toEqual({ sameInAttribute: true, markup: null, halfCharacters: false, shown: text });
  }), { numRuns: 5000 });
});

test('HTML stays HTML, lists are joined, and what is not there is left out', () => {
  expect(html`<ul>${[1, 2].map(i => html`<li>${i}</li>`)}${false}${null}${undefined}${0}</ul>`.text).toBe('<ul><li>1</li><li>2</li>0</ul>');
  expect(html`${new Html('<b>')}`.text).toBe('<b>');
});

test('a shortened text has the given length, and no half characters', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 50 }), fc.integer({ min: 1, max: 20 }), (text, length) => {
    const short = shorten(text, length);
    expect([...short].length).toBeLessThanOrEqual(length);
    expect(Buffer.from(short, 'utf8').toString('utf8')).toBe(short);
  }));
});

test('digests are left out of a text, and ids and times are not', () => {
  const sha256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
  expect(withoutDigests(`app_20261127_111121.dump has ${sha256} instead of ${sha256.toUpperCase()}.`)).toBe('app_20261127_111121.dump has \u2026 instead of \u2026.');
});
