/** An element of an answer. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: string;
  /** Of the element itself, without that of its children. */
  text: string;
  readonly children: XmlElement[];
}

const TOKEN = /<\?[^>]*\?>|<(\/?)([A-Za-z_][\w:.-]*)((?:"[^"]*"|'[^']*'|[^"'<>])*)>|([^<]+)/y;
const MAX_DEPTH = 20;
const ENTITIES: { readonly [name: string]: string } = { lt: '<', gt: '>', amp: '&', quot: '"', apos: '\'' };

/**
 * The root of a document as the service writes them: elements and text, without comments, sections and definitions of its own. `undefined` for
 * what is no such document, whole.
 */
export function parseXml(document: string): XmlElement | undefined {
  const top: XmlElement = { name: '', attributes: '', text: '', children: [] };
  const open = [top];
  const text = document.replace(/^\uFEFF/, '');
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const match = TOKEN.exec(text);
    if (match === null) return undefined;
    const [, closes, name, rest = '', characters] = match;
    const current = open.at(-1)!;
    if (characters !== undefined) {
      current.text += decoded(characters);
    } else if (closes === '/') {
      if (current.name !== name || open.length === 1) return undefined;
      open.pop();
    } else if (name !== undefined) {
      const element = { name, attributes: rest, text: '', children: [] };
      current.children.push(element);
      if (!rest.endsWith('/')) open.push(element);
      if (open.length > MAX_DEPTH) return undefined;
    }
  }
  return open.length === 1 && top.children.length === 1 && top.text.trim() === '' ? top.children[0] : undefined;
}

export function childrenOf(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element?.children.filter(child => child.name === name) ?? [];
}

/** The element at the end of a path; `undefined` where there is none. */
export function childOf(element: XmlElement | undefined, ...path: readonly string[]): XmlElement | undefined {
  return path.reduce<XmlElement | undefined>((found, name) => found?.children.find(child => child.name === name), element);
}

export function encoded(text: string): string {
  return text.replace(/[<>&]/g, character => ({ '<': '&lt;', '>': '&gt;', '&': '&amp;' })[character]!);
}

function decoded(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|([a-z]+));/g, (whole, decimal?: string, hexadecimal?: string, name?: string) => {
    if (name !== undefined) return ENTITIES[name] ?? whole;
    const code = decimal === undefined ? parseInt(hexadecimal!, 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
