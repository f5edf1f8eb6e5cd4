// The engine artefact in a browser: the same module, program and messages as on the server. See nexus_jupyter/engine.

import { decode, encode } from "@msgpack/msgpack";

/** Bytes of JavaScript's own stack in a machine, and of its memory; as the server has it. */
const STACK = 256 * 1024;
const MEMORY = 128 << 20;
const HEADROOM = 8 << 20;
const OUTPUT = 1 << 20;
/** WASI's "function not supported". */
const REFUSED = 52;
const OK = 0;
const TOO_LARGE = 2;

interface Exports {
  readonly memory: WebAssembly.Memory;
  _initialize?(): void;
  nx_init(stack: number): number;
  nx_limit(bytes: number): void;
  nx_allocate(size: number): number;
  nx_result(): number;
  nx_evaluate(source: number, length: number, file: number): number;
  nx_bind(): number;
  nx_call(message: number, length: number, limit: number): number;
}

/** What a handler threw, or that it used too much. */
export class MachineError extends Error {
  readonly stackText: string;

  constructor(name: string, message: string, stackText: string) {
    super(message);
    this.name = name;
    this.stackText = stackText;
  }
}

export class Machine {
  private readonly exports: Exports;

  private constructor(exports: Exports) {
    this.exports = exports;
  }

  static async start(module: WebAssembly.Module): Promise<Machine> {
    let exports: Exports | null = null;
    const clock = (_id: number, _precision: bigint, pointer: number): number => {
      new DataView((exports as Exports).memory.buffer).setBigUint64(pointer, BigInt(Date.now()) * 1_000_000n, true);
      return 0;
    };
    // The C library mentions more than it ever calls here: that is refused, as on the server.
    const refuse = (): number => REFUSED;
    const wasi = Object.fromEntries(WebAssembly.Module.imports(module).map(({ name }) => [name, name === "clock_time_get" ? clock : refuse]));
    const imports = { wasi_snapshot_preview1: wasi };
    const instance = await WebAssembly.instantiate(module, imports);
    exports = instance.exports as unknown as Exports;
    exports._initialize?.();
    if (exports.nx_init(STACK) !== OK) throw new MachineError("", "The JavaScript engine could not be started.", "");
    return new Machine(exports);
  }

  evaluate(source: string, file: string): void {
    const code = new TextEncoder().encode(source);
    this.limit();
    this.settle(this.exports.nx_evaluate(this.text(code), code.length, this.text(new TextEncoder().encode(file))));
  }

  bind(): void {
    if (this.exports.nx_bind() !== OK) throw new MachineError("", "The program defines no engine.receive and engine.report.", "");
  }

  send(message: unknown): unknown {
    const packed = encode(message);
    this.limit();
    const pointer = this.place(packed);
    return decode(this.settle(this.exports.nx_call(pointer, packed.length, OUTPUT)));
  }

  private limit(): void {
    this.exports.nx_limit(MEMORY - HEADROOM);
  }

  private text(data: Uint8Array): number {
    return this.place(new Uint8Array([...data, 0]));
  }

  private place(data: Uint8Array): number {
    const pointer = this.exports.nx_allocate(data.length);
    if (!pointer) throw new MachineError("", "out of memory", "");
    new Uint8Array(this.exports.memory.buffer).set(data, pointer);
    return pointer;
  }

  private settle(status: number): Uint8Array {
    const view = new DataView(this.exports.memory.buffer);
    const result = this.exports.nx_result();
    const [pointer, length] = [view.getUint32(result, true), view.getUint32(result + 4, true)];
    const data = new Uint8Array(this.exports.memory.buffer.slice(pointer, pointer + length));
    if (status === OK) return data;
    if (status === TOO_LARGE) throw new MachineError("", `The result is longer than the ${OUTPUT} bytes that are allowed.`, "");
    const [name, message, stack] = decode(data) as [string | null, string | null, string | null];
    throw new MachineError(name ?? "", message ?? name ?? "null", stack ?? "");
  }
}
