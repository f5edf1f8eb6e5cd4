#include "msgpack.h"

#include <math.h>
#include <string.h>

#include "heap.h"

// Reading

typedef struct {
  JSContext *context;
  const uint8_t *at, *end;
  int depth;
} Reader;

static JSValue read_value(Reader *reader);

static JSValue cut_short(Reader *reader) {
  return JS_ThrowTypeError(reader->context, "MessagePack: the message is cut short");
}

static size_t left(const Reader *reader) { return (size_t)(reader->end - reader->at); }

/// Read `bytes` bytes, big endian. The caller has checked that they are there.
static uint64_t read_unsigned(Reader *reader, int bytes) {
  uint64_t number = 0;
  while (bytes-- > 0) number = number << 8 | *reader->at++;
  return number;
}

static JSValue read_text(Reader *reader, size_t length) {
  if (left(reader) < length) return cut_short(reader);
  JSValue text = JS_NewStringLen(reader->context, (const char *)reader->at, length);
  reader->at += length;
  return text;
}

static JSValue read_bytes(Reader *reader, size_t length) {
  if (left(reader) < length) return cut_short(reader);
  JSValue bytes = JS_NewUint8ArrayCopy(reader->context, reader->at, length);
  reader->at += length;
  return bytes;
}

static bool enter(Reader *reader) {
  if (++reader->depth <= MSGPACK_DEPTH) return true;
  JS_ThrowRangeError(reader->context, "MessagePack: the message is nested too deeply");
  return false;
}

static JSValue read_array(Reader *reader, size_t count) {
  // Each item takes a byte at least, which bounds what a forged count can ask for.
  if (left(reader) < count) return cut_short(reader);
  if (!enter(reader)) return JS_EXCEPTION;
  JSValue array = JS_NewArray(reader->context);
  for (size_t i = 0; i < count && !JS_IsException(array); i++) {
    JSValue item = read_value(reader);
    if (JS_IsException(item) ||
        JS_DefinePropertyValueUint32(reader->context, array, (uint32_t)i, item, JS_PROP_C_W_E) < 0) {
      JS_FreeValue(reader->context, array);
      array = JS_EXCEPTION;
    }
  }
  reader->depth--;
  return array;
}

/// Read a map's key; JS_ATOM_NULL with an exception set when it is no text.
static JSAtom read_key(Reader *reader) {
  size_t length = 0;
  bool known = false;
  if (left(reader) > 0) {
    uint8_t head = *reader->at++;
    int bytes = head == 0xd9 ? 1 : head == 0xda ? 2 : head == 0xdb ? 4 : 0;
    if ((head & 0xe0) == 0xa0) {
      length = head & 0x1f;
      known = true;
    } else if (bytes > 0 && left(reader) >= (size_t)bytes) {
      length = (size_t)read_unsigned(reader, bytes);
      known = true;
    }
  }
  if (!known || left(reader) < length) {
    JS_ThrowTypeError(reader->context, "MessagePack: a map's key is no text, or cut short");
    return JS_ATOM_NULL;
  }
  JSAtom key = JS_NewAtomLen(reader->context, (const char *)reader->at, length);
  reader->at += length;
  return key;
}

static JSValue read_map(Reader *reader, size_t count) {
  if (left(reader) / 2 < count) return cut_short(reader);
  if (!enter(reader)) return JS_EXCEPTION;
  JSValue object = JS_NewObject(reader->context);
  for (size_t i = 0; i < count && !JS_IsException(object); i++) {
    JSAtom key = read_key(reader);
    JSValue value = key == JS_ATOM_NULL ? JS_EXCEPTION : read_value(reader);
    // Defined, not set: a key `__proto__` makes a member like any other.
    if (JS_IsException(value) || JS_DefinePropertyValue(reader->context, object, key, value, JS_PROP_C_W_E) < 0) {
      JS_FreeValue(reader->context, object);
      object = JS_EXCEPTION;
    }
    if (key != JS_ATOM_NULL) JS_FreeAtom(reader->context, key);
  }
  reader->depth--;
  return object;
}

static JSValue read_float(Reader *reader, int bytes) {
  if (bytes == 4) {
    uint32_t bits = (uint32_t)read_unsigned(reader, 4);
    float number;
    memcpy(&number, &bits, sizeof number);
    return JS_NewFloat64(reader->context, (double)number);
  }
  uint64_t bits = read_unsigned(reader, 8);
  double number;
  memcpy(&number, &bits, sizeof number);
  return JS_NewFloat64(reader->context, number);
}

/// Read an integer of `bytes` bytes; beyond 2^53 it becomes the nearest number, as in JSON.parse.
static JSValue read_integer(Reader *reader, int bytes, bool with_sign) {
  uint64_t raw = read_unsigned(reader, bytes);
  if (!with_sign) {
    if (raw <= INT64_MAX) return JS_NewInt64(reader->context, (int64_t)raw);
    return JS_NewFloat64(reader->context, (double)raw);
  }
  int unused = 64 - 8 * bytes;
  return JS_NewInt64(reader->context, (int64_t)(raw << unused) >> unused);
}

static JSValue read_value(Reader *reader) {
  if (left(reader) == 0) return cut_short(reader);
  uint8_t head = *reader->at++;
  if (head < 0x80) return JS_NewInt32(reader->context, head);
  if (head < 0x90) return read_map(reader, head & 0x0f);
  if (head < 0xa0) return read_array(reader, head & 0x0f);
  if (head < 0xc0) return read_text(reader, head & 0x1f);
  if (head >= 0xe0) return JS_NewInt32(reader->context, (int8_t)head);
  if (head == 0xc0) return JS_NULL;
  if (head == 0xc2) return JS_FALSE;
  if (head == 0xc3) return JS_TRUE;
  // Bytes that follow the head: of the number itself, or of a length.
  static const uint8_t WIDTHS[32] = {0, 0, 0, 0, 1, 2, 4, 0, 0, 0, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 0, 0, 0, 0, 0, 1, 2, 4, 2, 4, 2, 4};
  int width = WIDTHS[head & 0x1f];
  if (width == 0) return JS_ThrowTypeError(reader->context, "MessagePack: a type that is not taken (%d)", head);
  if (left(reader) < (size_t)width) return cut_short(reader);
  if (head == 0xca || head == 0xcb) return read_float(reader, width);
  if (head >= 0xcc && head <= 0xcf) return read_integer(reader, width, false);
  if (head >= 0xd0 && head <= 0xd3) return read_integer(reader, width, true);
  size_t length = (size_t)read_unsigned(reader, width);
  if (head <= 0xc6) return read_bytes(reader, length);
  if (head <= 0xdb) return read_text(reader, length);
  if (head <= 0xdd) return read_array(reader, length);
  return read_map(reader, length);
}

JSValue msgpack_read(JSContext *context, const uint8_t *data, size_t length) {
  Reader reader = {context, data, data + length, 0};
  JSValue value = read_value(&reader);
  if (JS_IsException(value) || reader.at == reader.end) return value;
  JS_FreeValue(context, value);
  return JS_ThrowTypeError(context, "MessagePack: something follows the message");
}

// Writing

static bool reserve(Buffer *out, size_t more) {
  if (more > out->limit || out->length > out->limit - more) {
    out->full = true;
    return false;
  }
  if (out->length + more <= out->capacity) return true;
  size_t wanted = out->capacity * 2;
  if (wanted < out->length + more) wanted = out->length + more + 1024;
  // What is written is the host's: how long it may be, its own limit says.
  size_t limit = heap_limit(SIZE_MAX);
  uint8_t *data = heap_reallocate(out->data, wanted);
  heap_limit(limit);
  if (data == NULL) {
    out->full = true;
    return false;
  }
  out->data = data;
  out->capacity = wanted;
  return true;
}

static void put(Buffer *out, uint8_t byte) { out->data[out->length++] = byte; }

static void put_unsigned(Buffer *out, uint64_t number, int bytes) {
  while (bytes-- > 0) put(out, (uint8_t)(number >> (8 * bytes)));
}

/// Append a head with a length: `tiny` for lengths below `bound`, else one of the wider forms.
static bool put_length(Buffer *out, size_t length, uint8_t tiny, size_t bound, uint8_t one, uint8_t two) {
  if (!reserve(out, 5)) return false;
  if (length < bound) {
    put(out, tiny | (uint8_t)length);
  } else if (one != 0 && length < 0x100) {
    put(out, one);
    put_unsigned(out, length, 1);
  } else if (length < 0x10000) {
    put(out, two);
    put_unsigned(out, length, 2);
  } else {
    put(out, two + 1);
    put_unsigned(out, length, 4);
  }
  return true;
}

/// Replace halves of surrogate pairs by U+FFFD, which takes as many bytes: UTF-8 has no form for them, so no reader of
/// what is written here could store or send them on.
static void replace_surrogates(uint8_t *text, size_t length) {
  const uint8_t *end = text + length;
  while ((text = memchr(text, 0xed, (size_t)(end - text))) != NULL && end - text >= 3) {
    if (text[1] >= 0xa0) memcpy(text, "\xef\xbf\xbd", 3);
    text += 3;
  }
}

bool msgpack_write_text(Buffer *out, const char *text, size_t length) {
  if (!put_length(out, length, 0xa0, 32, 0xd9, 0xda) || !reserve(out, length)) return false;
  memcpy(out->data + out->length, text, length);
  replace_surrogates(out->data + out->length, length);
  out->length += length;
  return true;
}

bool msgpack_write_small_map(Buffer *out, uint8_t members) {
  if (!reserve(out, 1)) return false;
  put(out, 0x80 | (members & 0x0f));
  return true;
}

bool msgpack_write_null(Buffer *out) {
  if (!reserve(out, 1)) return false;
  put(out, 0xc0);
  return true;
}

static bool write_integer(Buffer *out, int64_t number) {
  if (!reserve(out, 9)) return false;
  if (number >= 0) {
    int bytes = number < 0x80 ? 0 : number < 0x100 ? 1 : number < 0x10000 ? 2 : number < 0x100000000 ? 4 : 8;
    if (bytes > 0) put(out, bytes == 1 ? 0xcc : bytes == 2 ? 0xcd : bytes == 4 ? 0xce : 0xcf);
    put_unsigned(out, (uint64_t)number, bytes == 0 ? 1 : bytes);
  } else if (number >= -32) {
    put(out, (uint8_t)number);
  } else {
    int bytes = number >= INT8_MIN ? 1 : number >= INT16_MIN ? 2 : number >= INT32_MIN ? 4 : 8;
    put(out, bytes == 1 ? 0xd0 : bytes == 2 ? 0xd1 : bytes == 4 ? 0xd2 : 0xd3);
    put_unsigned(out, (uint64_t)number, bytes);
  }
  return true;
}

static bool write_number(Buffer *out, double number) {
  const double exact = 9007199254740992.0;
  if (!isfinite(number)) return msgpack_write_null(out);
  if (number == trunc(number) && fabs(number) <= exact) {
    return write_integer(out, (int64_t)number);
  }
  if (!reserve(out, 9)) return false;
  uint64_t bits;
  memcpy(&bits, &number, sizeof bits);
  put(out, 0xcb);
  put_unsigned(out, bits, 8);
  return true;
}

static bool write_string(JSContext *context, Buffer *out, JSValueConst value) {
  size_t length;
  const char *text = JS_ToCStringLen(context, &length, value);
  if (text == NULL) return false;
  bool done = msgpack_write_text(out, text, length);
  JS_FreeCString(context, text);
  return done;
}

static bool write_value(JSContext *context, Buffer *out, JSValueConst value, int depth);

static bool write_array(JSContext *context, Buffer *out, JSValueConst array, int depth) {
  int64_t count;
  if (JS_GetLength(context, array, &count) < 0) return false;
  // A proxy of an array may claim any length; each item takes a byte at least.
  if (count < 0 || (uint64_t)count > out->limit) {
    out->full = true;
    return false;
  }
  if (!put_length(out, (size_t)count, 0x90, 16, 0, 0xdc)) return false;
  for (int64_t i = 0; i < count; i++) {
    JSValue item = JS_GetPropertyInt64(context, array, i);
    if (JS_IsException(item)) return false;
    bool done = write_value(context, out, item, depth + 1);
    JS_FreeValue(context, item);
    if (!done) return false;
  }
  return true;
}

static bool has_no_value(JSContext *context, JSValueConst value) {
  return JS_IsUndefined(value) || JS_IsSymbol(value) || JS_IsFunction(context, value);
}

static bool write_member(JSContext *context, Buffer *out, JSAtom key, JSValueConst value, int depth) {
  size_t length;
  const char *name = JS_AtomToCStringLen(context, &length, key);
  if (name == NULL) return false;
  bool done = msgpack_write_text(out, name, length);
  JS_FreeCString(context, name);
  return done && write_value(context, out, value, depth + 1);
}

static bool write_object(JSContext *context, Buffer *out, JSValueConst object, int depth) {
  JSPropertyEnum *members;
  uint32_t count;
  if (JS_GetOwnPropertyNames(context, &members, &count, object, JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY) < 0) return false;
  // How many members have a value is known only afterwards: the head keeps the width that all of them would need.
  size_t head = out->length;
  bool done = put_length(out, count, 0x80, 16, 0, 0xde);
  uint32_t written = 0;
  for (uint32_t i = 0; i < count && done; i++) {
    JSValue value = JS_GetProperty(context, object, members[i].atom);
    if (JS_IsException(value)) {
      done = false;
    } else if (!has_no_value(context, value)) {
      done = write_member(context, out, members[i].atom, value, depth);
      written++;
    }
    JS_FreeValue(context, value);
  }
  JS_FreePropertyEnum(context, members, count);
  if (!done) return false;
  size_t end = out->length;
  out->length = head;
  if (count < 16) {
    put(out, 0x80 | (uint8_t)written);
  } else {
    put(out, count < 0x10000 ? 0xde : 0xdf);
    put_unsigned(out, written, count < 0x10000 ? 2 : 4);
  }
  out->length = end;
  return true;
}

static bool write_bytes(JSContext *context, Buffer *out, JSValueConst value) {
  size_t length;
  const uint8_t *bytes = JS_GetUint8Array(context, &length, value);
  if (bytes == NULL) return false;
  if (!reserve(out, 5)) return false;
  put(out, 0xc6);
  put_unsigned(out, length, 4);
  if (!reserve(out, length)) return false;
  if (length > 0) memcpy(out->data + out->length, bytes, length);
  out->length += length;
  return true;
}

static bool write_value(JSContext *context, Buffer *out, JSValueConst value, int depth) {
  if (depth > MSGPACK_DEPTH) {
    JS_ThrowRangeError(context, "The value is nested too deeply, or contains itself");
    return false;
  }
  if (JS_IsString(value)) return write_string(context, out, value);
  if (JS_IsBool(value)) {
    if (!reserve(out, 1)) return false;
    put(out, JS_VALUE_GET_BOOL(value) ? 0xc3 : 0xc2);
    return true;
  }
  if (JS_IsNumber(value)) {
    double number;
    return JS_ToFloat64(context, &number, value) == 0 && write_number(out, number);
  }
  if (JS_IsBigInt(value)) {
    JS_ThrowTypeError(context, "A BigInt cannot be kept");
    return false;
  }
  if (JS_IsArray(value)) return write_array(context, out, value, depth);
  if (!JS_IsObject(value) || JS_IsFunction(context, value)) return msgpack_write_null(out);
  if (JS_GetTypedArrayType(value) == JS_TYPED_ARRAY_UINT8) return write_bytes(context, out, value);
  return write_object(context, out, value, depth);
}

bool msgpack_write(JSContext *context, Buffer *out, JSValueConst value) { return write_value(context, out, value, 0); }
