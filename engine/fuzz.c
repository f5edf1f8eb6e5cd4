// The interface under libFuzzer. An input is a little conversation: what is evaluated, and which messages are sent.
//
// Byte 0 chooses: 0 feeds the reader, 1 evaluates the rest and writes what it gives, 2 sends the rest to a program that
// echoes it, 3 does so with little memory. Reading and writing must agree: what was written is read again.
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "msgpack.h"
#include "quickjs.h"

int nx_init(size_t stack_size);
void nx_limit(size_t bytes);
void *nx_allocate(size_t size);
void *nx_result(void);
void nx_collect(void);
int nx_evaluate(char *source, size_t length, char *file);
int nx_bind(void);
int nx_call(uint8_t *message, size_t length, size_t limit);
int nx_reset(void);

// The heap is fuzzed by itself (fuzz_heap.c). Here blocks are the C library's, so that AddressSanitizer knows each.

static size_t used, most = SIZE_MAX;

static void *count_in(void *memory) {
  if (memory != NULL) used += malloc_usable_size(memory);
  return memory;
}

static bool refuse(size_t more) { return used > most || more > most - used; }

void *heap_allocate(size_t size) { return refuse(size) ? NULL : count_in(malloc(size == 0 ? 1 : size)); }
void *heap_allocate_zeros(size_t size) { return refuse(size) ? NULL : count_in(calloc(1, size == 0 ? 1 : size)); }

void heap_release(void *memory) {
  if (memory != NULL) used -= malloc_usable_size(memory);
  free(memory);
}

void *heap_reallocate(void *memory, size_t size) {
  size_t before = memory == NULL ? 0 : malloc_usable_size(memory);
  if (size > before && refuse(size - before)) return NULL;
  void *moved = realloc(memory, size);
  if (moved != NULL) used -= before;
  return count_in(moved);
}

size_t heap_usable_size(const void *memory) { return malloc_usable_size((void *)memory); }
void heap_settle(void) {}

size_t heap_limit(size_t end) {
  size_t before = most;
  most = end;
  return before;
}

typedef struct {
  const uint8_t *data;
  uint32_t length;
} Outcome;

static const char ECHO[] = "let r; globalThis.engine = { receive: (x) => { r = x; }, report: () => r };";
static const char TALK[] =
    "const run = eval; let r; globalThis.engine = { receive: (x) => { r = run(x); }, report: () => r };";

static char *copy(const void *data, size_t length) {
  char *memory = nx_allocate(length + 1);
  memcpy(memory, data, length);
  memory[length] = 0;
  return memory;
}

static void load(const char *program) {
  nx_evaluate(copy(program, strlen(program)), strlen(program), copy("fuzz", 4));
  if (nx_bind() != 0) abort();
}

/// Wrap a text as a message.
static uint8_t *as_text(const uint8_t *data, size_t length, size_t *size) {
  uint8_t *message = nx_allocate(length + 5);
  message[0] = 0xdb;
  for (int i = 0; i < 4; i++) message[1 + i] = (uint8_t)(length >> (24 - 8 * i));
  memcpy(message + 5, data, length);
  *size = length + 5;
  return message;
}

static void read_again(void) {
  const Outcome *outcome = nx_result();
  size_t length = outcome->length;
  uint8_t *again = (uint8_t *)copy(outcome->data, length);
  if (nx_call(again, length, 1 << 20) == 0 && ((const Outcome *)nx_result())->length != length) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length) {
  if (length < 1 || length > 4096) return 0;
  // The stack check is against the native stack, which sanitizers make large.
  if (nx_init(1 << 20) != 0) abort();
  uint8_t kind = data[0] % 4;
  data++;
  length--;
  nx_limit(kind == 3 ? 2 << 20 : 8 << 20);
  if (kind == 1) {
    load(TALK);
    size_t size;
    uint8_t *message = as_text(data, length, &size);
    nx_call(message, size, 1 << 20);
  } else {
    load(ECHO);
    if (nx_call((uint8_t *)copy(data, length), length, 1 << 20) == 0 && kind != 0) read_again();
  }
  nx_collect();
  nx_reset();
  return 0;
}
