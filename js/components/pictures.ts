// Pictures of panels and of Markdown: the workspace's files, what lies in the text, and what a person has allowed.

import type { ViewHost } from "../reactor/host.ts";
import { pictureSource } from "../reactor/picture.ts";
import { h, type VChild } from "../reactor/vnode.ts";

const QUIET = { loading: "lazy", referrerpolicy: "no-referrer" } as const;

/** The picture of a source, or the sentence that stands in its place. */
export function picture(host: ViewHost, src: string, alt: () => string): VChild {
  const found = pictureSource(src);
  const said = (why: string): VChild => h("span", { class: "nx-empty" }, [alt, `: ${why}`]);
  switch (found.kind) {
    case "data":
      return h("img", { alt, ...QUIET, src });
    case "file": {
      const at = host.file?.(found.path);
      return at === undefined ? said("the picture is shown where the panel is live on a server.") : h("img", { alt, ...QUIET, src: at });
    }
    case "address":
      // The drawn attribute takes no address from elsewhere; it is set only here, after the grant was looked up.
      if (host.reaches?.(found.url)) return h("img", { alt, ...QUIET }, [], { mounted: ((img: { src: string }) => { img.src = found.url; }) as never });
      return said(`the picture is at ${found.origin}, which this panel was not allowed to use. It needs <uses cap="net.http" target="${found.origin}" why="..."/> and your permission.`);
    default:
      return said("there is no picture at this address. Write files/NAME for one of the workspace.");
  }
}

/** A picture in a text of somebody's: of the workspace's files or in the text itself; any other is its words. */
export function pictureInText(host: ViewHost, src: string, alt: string): VChild {
  const { kind } = pictureSource(src);
  return kind === "data" || kind === "file" ? picture(host, src, () => alt) : alt;
}
