/** What a person with a browser would complain of. */
export interface Layout {
  /** Texts that are not to be seen without moving a part of the page sideways. */
  readonly clipped: readonly string[];
  /** Texts that stand out too little from what is behind them: a ratio below 4.5, which is that of WCAG AA. */
  readonly faint: readonly string[];
  /** Whether these are in the window as it opens. */
  readonly atFirstSight: { readonly headline: boolean; readonly age: boolean };
}

/** JavaScript for the page: its {@link Layout}. */
export const LAYOUT = `(() => {
  const visible = element => element.checkVisibility() && !element.closest('thead, [aria-hidden=true]');
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node.textContent.trim() !== '' && visible(node.parentElement)) texts.push(node);
  }
  const range = document.createRange();
  const boxes = node => { range.selectNodeContents(node); return [...range.getClientRects()]; };
  const cut = node => {
    for (let element = node.parentElement; element; element = element.parentElement) {
      if (getComputedStyle(element).overflowX === 'visible') continue;
      const { left, right } = element.getBoundingClientRect();
      if (boxes(node).some(box => box.left < left - 1 || box.right > right + 1)) return true;
    }
    return boxes(node).some(box => box.right > innerWidth + 1 || box.left < -1);
  };
  const parse = colour => { const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number); return { r, g, b, a }; };
  const behind = element => {
    for (; element; element = element.parentElement) {
      const colour = parse(getComputedStyle(element).backgroundColor);
      if (colour.a === 1) return colour;
    }
    return { r: 255, g: 255, b: 255 };
  };
  const light = ({ r, g, b }) => {
    const [x, y, z] = [r, g, b].map(part => part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ratio = element => {
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(behind(element))].sort((one, other) => other - one);
    return (a + 0.05) / (b + 0.05);
  };
  const seen = selector => { const element = document.querySelector(selector); return element !== null && element.getBoundingClientRect().bottom <= innerHeight; };
  return {
    clipped: texts.filter(cut).map(node => node.textContent.trim().slice(0, 60)),
    faint: [...new Set(texts.map(node => node.parentElement))].filter(element => ratio(element) < 4.5).map(element => element.className + ': ' + element.textContent.trim().slice(0, 40)),
    atFirstSight: { headline: seen('.answer h2, .headline'), age: seen('.facts .value, .rows .big') },
  };
})()`;
