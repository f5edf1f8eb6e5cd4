// Text for the clipboard that comes after the gesture which asked for it: browsers take it only from a write that began then.

interface Expected {
  give(text: string): void;
  /** The write that began at the gesture. */
  readonly written: Promise<void>;
}

export class Clipboard {
  private readonly expected: Expected[] = [];

  /** Begin a write at a gesture whose action may copy something; returns what ends it when nothing more can come. */
  expect(): () => void {
    // Where promises cannot be written, the text is tried when it comes, and offered once more where that is refused.
    if (typeof ClipboardItem === "undefined" || !navigator.clipboard?.write) return () => {};
    let give: (text: string) => void = () => {};
    let end: () => void = () => {};
    const text = new Promise<Blob>((resolve, reject) => {
      give = (found) => resolve(new Blob([found], { type: "text/plain" }));
      end = () => reject(new Error("Nothing was copied."));
    });
    let written: Promise<void>;
    try {
      written = navigator.clipboard.write([new ClipboardItem({ "text/plain": text })]);
    } catch (error) {
      written = Promise.reject(error);
    }
    text.catch(() => {});
    written.catch(() => {});
    const one: Expected = { give, written };
    this.expected.push(one);
    return () => {
      const at = this.expected.indexOf(one);
      if (at >= 0) this.expected.splice(at, 1);
      end();
    };
  }

  /** Copy a text, by the write that waits for one if there is; rejected where the browser wants a gesture. */
  async copy(text: string): Promise<void> {
    const waiting = this.expected.shift();
    if (waiting) {
      waiting.give(text);
      try {
        return await waiting.written;
      } catch {
        // Some browsers know the form and do not do it.
      }
    }
    if (!navigator.clipboard) throw new Error("This page has no clipboard.");
    await navigator.clipboard.writeText(text);
  }
}
