// What the host calls: one JavaScript virtual machine per WebAssembly instance, spoken to in MessagePack.
//
// A program that is evaluated leaves a global `engine` with two functions, which nx_bind takes away from it:
// `receive(message)` handles a message, and `report()` returns what the host is to know once no job is left to do.
// The module calls nothing of the host but WASI's clock; all else goes through messages, so the host is never entered
// while JavaScript runs.
#include <string.h>

#include "heap.h"
#include "msgpack.h"
#include "quickjs.h"

#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(#name)))
#else
#define EXPORT(name)
#endif

/// Texts in a failure are cut here.
#define LONGEST_TEXT 16384
/// Memory that is kept for running out of memory, to say so.
#define HEADROOM 65536

enum { OK = 0, FAILED = 1, TOO_LARGE = 2 };

static JSRuntime *runtime;
static JSContext *context;
static JSValue receive, report;
static Buffer out;

/// Where the outcome of the last call lies. The host reads it from the address that nx_result returns.
static struct {
  const uint8_t *data;
  uint32_t length;
} result;

// Memory: the heap behind a limit that JavaScript can catch.

/// What is given up when memory runs out, so that the error about it can be made. A null pointer: it was.
static void *reserve;
/// Whether anything was refused since the last message came.
static bool ran_out;

/// Have a reserve again when a program has released more than the reserve itself.
static void refill(void) {
  void *room = heap_allocate(2 * HEADROOM);
  if (room != NULL) reserve = heap_reallocate(room, HEADROOM);
}

static void *or_ran_out(void *memory) {
  if (memory != NULL) return memory;
  ran_out = true;
  heap_release(reserve);
  reserve = NULL;
  return NULL;
}

static void *allocate(void *opaque, size_t size) {
  (void)opaque;
  if (size > PTRDIFF_MAX) return NULL;
  if (reserve == NULL) refill();
  return or_ran_out(heap_allocate(size));
}

static void *allocate_zeros(void *opaque, size_t count, size_t size) {
  (void)opaque;
  if (size != 0 && count > PTRDIFF_MAX / size) return NULL;
  if (reserve == NULL) refill();
  return or_ran_out(heap_allocate_zeros(count * size));
}

static void release(void *opaque, void *memory) {
  (void)opaque;
  heap_release(memory);
}

static void *reallocate(void *opaque, void *memory, size_t size) {
  (void)opaque;
  if (size > PTRDIFF_MAX) return NULL;
  if (size == 0) {
    heap_release(memory);
    return NULL;
  }
  if (reserve == NULL) refill();
  return or_ran_out(heap_reallocate(memory, size));
}

static const JSMallocFunctions ALLOCATOR = {allocate_zeros, allocate, release, reallocate, heap_usable_size};

// Outcomes

static int finish(int status) {
  result.data = out.data;
  result.length = (uint32_t)out.length;
  return status;
}

/// Append a text to the outcome, cut where it is too long, never within a character.
static void write_cut(const char *text, size_t length) {
  if (length > LONGEST_TEXT) {
    length = LONGEST_TEXT;
    while (length > 0 && ((uint8_t)text[length] & 0xc0) == 0x80) length--;
  }
  if (!msgpack_write_text(&out, text, length)) msgpack_write_null(&out);
}

static void write_as_text(JSValueConst value) {
  size_t length;
  const char *text = JS_ToCStringLen(context, &length, value);
  if (text == NULL) {
    JS_FreeValue(context, JS_GetException(context));
    msgpack_write_null(&out);
    return;
  }
  write_cut(text, length);
  JS_FreeCString(context, text);
}

/// Append a property of an error if it is a text, else null: what an error's getters do is of no interest.
static void write_property(JSValueConst error, const char *name) {
  JSValue value = JS_GetPropertyStr(context, error, name);
  if (JS_IsException(value)) JS_FreeValue(context, JS_GetException(context));
  if (JS_IsString(value)) {
    write_as_text(value);
  } else {
    msgpack_write_null(&out);
  }
  JS_FreeValue(context, value);
}

/// Make the outcome of the exception that is set: [name, message, stack, whether memory ran out].
static int fail(void) {
  JSValue error = JS_GetException(context);
  out.length = 0;
  out.limit = 4 * LONGEST_TEXT;
  out.full = false;
  // The buffer was made with room for all of this.
  out.data[out.length++] = 0x94;
  if (JS_IsObject(error)) {
    write_property(error, "name");
    write_property(error, "message");
    write_property(error, "stack");
  } else {
    msgpack_write_null(&out);
    write_as_text(error);
    msgpack_write_null(&out);
  }
  out.data[out.length++] = ran_out ? 0xc3 : 0xc2;
  JS_FreeValue(context, error);
  return finish(FAILED);
}

/// Run jobs of settled promises until there is none. Their own errors went to their promises.
static bool run_jobs(void) {
  JSContext *where;
  int done;
  while ((done = JS_ExecutePendingJob(runtime, &where)) > 0) continue;
  return done == 0;
}

// Promises that were rejected and that nobody listens to

/// The first of them, and why it was rejected; undefined when there is none.
static JSValue lost, lost_reason;

static void forget_lost(void) {
  JS_FreeValue(context, lost);
  JS_FreeValue(context, lost_reason);
  lost = lost_reason = JS_UNDEFINED;
}

static void track(JSContext *where, JSValueConst promise, JSValueConst reason, bool handled, void *opaque) {
  (void)opaque;
  if (handled) {
    if (JS_IsObject(lost) && JS_VALUE_GET_PTR(lost) == JS_VALUE_GET_PTR(promise)) forget_lost();
  } else if (!JS_IsObject(lost)) {
    lost = JS_DupValue(where, promise);
    lost_reason = JS_DupValue(where, reason);
  }
}

/// Throw the reason of a promise that was rejected unheard, as if it had been awaited.
static bool throw_lost(void) {
  if (!JS_IsObject(lost)) return false;
  JS_Throw(context, JS_DupValue(context, lost_reason));
  forget_lost();
  return true;
}

// What the host calls

#ifndef __wasm__
static int interrupt(JSRuntime *where, void *opaque) {
  (void)where;
  // Fuzzing has no epochs: what runs ends after some rounds.
  return ++*(int *)opaque > 2000;
}

/// End the machine; instances of WebAssembly are thrown away as a whole instead.
int nx_reset(void) {
  forget_lost();
  JS_FreeValue(context, receive);
  JS_FreeValue(context, report);
  JS_FreeContext(context);
  JS_FreeRuntime(runtime);
  heap_release(out.data);
  heap_release(reserve);
  ran_out = false;
  return OK;
}
#endif

EXPORT(nx_init) int nx_init(size_t stack_size) {
  out.capacity = 4 * LONGEST_TEXT + 64;
  out.data = heap_allocate(out.capacity);
  reserve = heap_allocate(HEADROOM);
  runtime = JS_NewRuntime2(&ALLOCATOR, NULL);
  context = runtime == NULL ? NULL : JS_NewContext(runtime);
  if (out.data == NULL || reserve == NULL || context == NULL) return FAILED;
  JS_SetMaxStackSize(runtime, stack_size);
  receive = report = lost = lost_reason = JS_UNDEFINED;
  JS_SetHostPromiseRejectionTracker(runtime, track, NULL);
#ifndef __wasm__
  static int rounds;
  rounds = 0;
  JS_SetInterruptHandler(runtime, interrupt, &rounds);
#endif
  return OK;
}

/// Let JavaScript use memory up to this size from now on, stack and data included; 0 lifts the limit.
EXPORT(nx_limit) void nx_limit(size_t bytes) { heap_limit(bytes == 0 ? SIZE_MAX : bytes); }

/// Return memory for a message or a program, which may lie beyond the limit.
EXPORT(nx_allocate) void *nx_allocate(size_t size) {
  size_t limit = heap_limit(SIZE_MAX);
  void *memory = heap_allocate(size);
  heap_limit(limit);
  return memory;
}

EXPORT(nx_result) void *nx_result(void) { return &result; }

/// Collect garbage before the memory becomes an image, and let what follows use memory of its own: each page of an image
/// that a machine writes has to be copied.
EXPORT(nx_collect) void nx_collect(void) {
  JS_RunGC(runtime);
  heap_settle();
}

/// Compile a program without running any of it. Takes over `source` and `file`, which end in a zero byte.
EXPORT(nx_compile) int nx_compile(char *source, size_t length, char *file) {
  JSValue value = JS_Eval(context, source, length, file, JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_COMPILE_ONLY);
  heap_release(source);
  heap_release(file);
  bool done = !JS_IsException(value);
  JS_FreeValue(context, value);
  if (!done) return fail();
  out.length = 0;
  return finish(OK);
}

/// Evaluate a program and the jobs it makes. Takes over `source` and `file`, which end in a zero byte.
EXPORT(nx_evaluate) int nx_evaluate(char *source, size_t length, char *file) {
  JSValue value = JS_Eval(context, source, length, file, JS_EVAL_TYPE_GLOBAL);
  heap_release(source);
  heap_release(file);
  bool done = !JS_IsException(value);
  JS_FreeValue(context, value);
  if (!done || !run_jobs()) return fail();
  // A program that is loaded has nobody yet who could listen.
  forget_lost();
  out.length = 0;
  return finish(OK);
}

/// Take the global `engine` and keep its functions. Fails when it is not as described above.
EXPORT(nx_bind) int nx_bind(void) {
  JSValue global = JS_GetGlobalObject(context);
  JSValue engine = JS_GetPropertyStr(context, global, "engine");
  JS_FreeValue(context, receive);
  JS_FreeValue(context, report);
  receive = JS_GetPropertyStr(context, engine, "receive");
  report = JS_GetPropertyStr(context, engine, "report");
  JS_FreeValue(context, engine);
  JSAtom name = JS_NewAtom(context, "engine");
  int gone = JS_DeleteProperty(context, global, name, 0);
  JS_FreeAtom(context, name);
  JS_FreeValue(context, global);
  return gone == 1 && JS_IsFunction(context, receive) && JS_IsFunction(context, report) ? OK : FAILED;
}

/// Give the program a message, run all jobs, and make its report the outcome, of `limit` bytes at most.
/// Takes over `message`.
EXPORT(nx_call) int nx_call(uint8_t *message, size_t length, size_t limit) {
  ran_out = false;
  JSValue value = msgpack_read(context, message, length);
  heap_release(message);
  if (JS_IsException(value)) return fail();
  JSValue done = JS_Call(context, receive, JS_UNDEFINED, 1, &value);
  JS_FreeValue(context, value);
  if (JS_IsException(done)) return fail();
  JS_FreeValue(context, done);
  if (!run_jobs() || throw_lost()) return fail();
  JSValue reported = JS_Call(context, report, JS_UNDEFINED, 0, NULL);
  if (JS_IsException(reported)) return fail();
  out.length = 0;
  out.limit = limit;
  out.full = false;
  bool written = msgpack_write(context, &out, reported);
  JS_FreeValue(context, reported);
  if (written) return finish(OK);
  if (!out.full) return fail();
  out.length = 0;
  return finish(TOO_LARGE);
}
