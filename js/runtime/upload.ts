// A file on its way to the workspace, in parts that a WebSocket takes.

import type { Json, Result } from "../protocol/index.ts";
import type { Transport } from "./transport.ts";

const PART = 512 * 1024;

/** Send a file; gives what the workspace says of it: name, size, type, path. */
export async function upload(transport: Transport, panel: string, file: File, element: string, progress: (share: number) => void): Promise<Json> {
  const id = `${element}-${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
  for (let at = 0; ; at += PART) {
    const last = at + PART >= file.size;
    const data = await base64(file.slice(at, at + PART));
    const answer = (await transport.request({ type: "upload", panel, file: id, name: file.name, data, last })) as Result;
    progress(Math.min(1, (at + PART) / Math.max(1, file.size)));
    if (last) return answer.value as Json;
  }
}

function base64(part: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,?/, ""));
    reader.onerror = () => reject(reader.error ?? new Error("The file cannot be read."));
    reader.readAsDataURL(part);
  });
}
