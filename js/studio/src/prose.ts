/** A sentence of the language's docs, with the code in it set as code. */
export function prose(text: string): (Node | string)[] {
  return text.split('`').map((part, i) => (i % 2 ? Object.assign(document.createElement('code'), { textContent: part }) : part));
}
