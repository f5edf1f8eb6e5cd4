// Where a picture may come from: the workspace's files/, the text itself, or an address that a person has allowed.

export type PictureSource =
  | { readonly kind: "data" }
  /** Below files/, without that. */
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "address"; readonly url: string; readonly origin: string }
  | { readonly kind: "none" };

const DATA = /^data:image\/(?:avif|bmp|gif|jpeg|png|webp)(?:;charset=[\w-]+)?(?:;base64)?,/i;
const ADDRESS = /^https?:\/\/([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:[/?#]|$)/;
/** How the paths of the workspace's files begin, behind whatever address the server has. */
export const FILE_ROUTE = "nexus/api/files/";

/** Characters of a picture that is in a text or a value; twenty megabytes in base64. */
const LONGEST = 28_000_000;

/** Tell what the source of a picture is. Paths of the page's own server, such as /logout, are none. */
export function pictureSource(src: string): PictureSource {
  if (DATA.test(src)) return { kind: src.length > LONGEST ? "none" : "data" };
  const path = /^files\/(.+)$/.exec(src)?.[1];
  if (path !== undefined) return isFilePath(path) ? { kind: "file", path } : { kind: "none" };
  const found = ADDRESS.exec(src);
  return found ? { kind: "address", url: src, origin: /^https?:\/\/[^/?#]+/.exec(src)?.[0].toLowerCase() as string } : { kind: "none" };
}

function isFilePath(path: string): boolean {
  return !/[\\?#%\p{Cc}]/u.test(path) && path.split("/").every((part) => part !== "" && !part.startsWith("."));
}

/** Whether a text may be a `src` without anybody having been asked: an image in the text itself, or the page's own route to files/. */
export function isOwnPicture(src: string): boolean {
  if (DATA.test(src)) return true;
  const path = /^\/(?:[\w.~@-]+\/)*?nexus\/api\/files\/(.+)$/.exec(src)?.[1];
  try {
    return path !== undefined && isFilePath(path.split("/").map(decodeURIComponent).join("/"));
  } catch {
    return false;
  }
}
