// MessagePack <-> JavaScript values, without detours through text.
//
// Reading takes what the host packed: null, booleans, numbers, texts, byte strings (as Uint8Array), arrays, and maps
// with text keys. Writing follows JSON.stringify where the two formats agree: members that are undefined, functions or
// symbols are left out (null in arrays), numbers that are not finite become null, BigInt is a TypeError. Uint8Array
// becomes a byte string. `toJSON` is not called.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quickjs.h"

/// Nesting beyond this is a RangeError in both directions. The host's own codec stops near here too.
#define MSGPACK_DEPTH 500

/// Bytes that grow. `limit` bounds `length`; a write beyond it sets `full` and changes nothing.
typedef struct {
  uint8_t *data;
  size_t length, capacity, limit;
  bool full;
} Buffer;

/// Read one value; the whole input must be used. On bad input returns an exception that is set in the context.
JSValue msgpack_read(JSContext *context, const uint8_t *data, size_t length);

/// Append one value. Returns false with an exception set, or with `out->full`.
bool msgpack_write(JSContext *context, Buffer *out, JSValueConst value);

/// Append a text as it is; false when there is no room.
bool msgpack_write_text(Buffer *out, const char *text, size_t length);

/// Append the head of a map with fewer than 16 members; false when there is no room.
bool msgpack_write_small_map(Buffer *out, uint8_t members);

/// Append null; false when there is no room.
bool msgpack_write_null(Buffer *out);
