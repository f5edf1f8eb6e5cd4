// Where pictures may come from, and what links say: each layer alone.

import { expect, test } from "vitest";
import { components, registry } from "../../js/components/index.ts";
import { trueHost } from "../../js/components/links.ts";
import { render } from "../../js/reactor/drawing.ts";
import { safeAttribute } from "../../js/reactor/html.ts";
import { check } from "../../js/reactor/index.ts";
import { pictureSource } from "../../js/reactor/picture.ts";
import { NOTHING } from "./samples.ts";

const PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs=";

test.each([
  [PIXEL, "data"],
  ["data:image/svg+xml,%3Csvg/%3E", "none"],
  ["files/plot.png", "file"],
  ["files/a/b c.png", "file"],
  ["https://example.org/a.png", "address"],
  ["http://127.0.0.1:8000/a.png", "address"],
  ["/logout", "none"], ["logout", "none"], ["//evil.example/a.png", "none"], ["/files/plot.png", "none"], ["./files/plot.png", "none"],
  ["files/../../logout", "none"], ["files/..", "none"], ["files//x", "none"], ["files/.git/config", "none"], ["files/a\\..\\b", "none"], ["files/%2e%2e/%2e%2e/logout", "none"], ["files/a?x", "none"], ["files/a#x", "none"],
  ["data:text/html,<script>", "none"], ["data:image/png", "none"], ["DATA:text/html;image/png,x", "none"],
  ["https://a@evil.example/a.png", "none"], ["https:evil.example", "none"], ["https:\\\\evil.example", "none"], ["javascript:alert(1)", "none"], ["blob:https://x/1", "none"], ["", "none"], [" https://evil.example/", "none"],
] as const)("the source %j is %s", (src, kind) => {
  expect(pictureSource(src).kind).toBe(kind);
});

test.each(["https://evil.example/a.png", "/logout", "files/plot.png", "//evil.example", "http://here/nexus/api/files/../../logout", "/nexus/api/files/%2e%2e/logout", "https://evil.example/?/nexus/api/files/x", "https://evil.example/nexus/api/files/x", "//evil.example/nexus/api/files/x", "/nexus/api/files/a%3Fx", "https://a@b/nexus/api/files/x", "javascript:1//nexus/api/files/x"])("%j is no src of a drawn element", (src) => {
  expect(safeAttribute("src", src)).toBeNull();
});

test.each([PIXEL, "/nexus/api/files/plot.png", "/user/ada/nexus/api/files/a/b%20c.png"])("%j is a src", (src) => {
  expect(safeAttribute("src", src)).toBe(src);
});

test("a saved picture of a panel loads nothing", () => {
  const sources = ["https://evil.example/{bad}", "/logout", "files/plot.png", PIXEL, "{bad}"];
  const text = `<panel id="p"><view>${sources.map((src, i) => `<image id="i${i}" src="${src}" alt="A plot"/>`).join("")}<markdown id="m">![x](https://evil.example/m.png) ![y](/logout)</markdown></view><data><state name="bad" type="str" default="https://evil.example/s"/></data></panel>`;
  const { html } = render(check(text, registry), components, NOTHING, "");
  expect([...html.matchAll(/\ssrc="([^"]*)"/g)].map(([, src]) => src)).toEqual([PIXEL]);
  expect(html).toContain("the picture is at https://evil.example, which this panel was not allowed to use.");
});

test("a link says where it goes and tells nothing of where it was followed from", () => {
  const { html } = render(check('<panel id="p"><view><link id="l" href="https://evil.example/x">https://bank.example</link><markdown id="m">[bank.example](https://evil.example) [here](https://evil.example) [out](/logout)</markdown></view></panel>', registry), components, NOTHING, "");
  const links = [...html.matchAll(/<a [^>]*>/g)].map(([tag]) => tag);
  expect(links).toHaveLength(4);
  for (const tag of links) {
    expect(tag).toContain('rel="noreferrer noopener"');
    expect(tag).toContain('referrerpolicy="no-referrer"');
    expect(tag).toContain('target="_blank"');
    expect(tag).toMatch(/title="(Opens evil\.example in a new tab|Opens \/logout of this server)/);
  }
  expect(html.match(/\(evil\.example\)/g)).toHaveLength(2);
});

test.each([
  ["https://evil.example/", "bank.example", " (evil.example)"],
  ["https://user@evil.example/", "bank.example", " (user@evil.example)"],
  ["//evil.example", "http://bank", " (evil.example)"],
  ["https://bank.example/x", "bank.example", ""],
  ["https://evil.example", "Read more", ""],
  ["/local", "bank.example", ""],
])("a link to %s that reads %j shows %j", (href, text, shown) => {
  expect(trueHost(href, text)).toBe(shown.replace("user@", ""));
});
