// The heap beside a model of it, under libFuzzer or with numbers of its own:
//
//     fuzz-heap [CORPUS]           with libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer
//     fuzz-heap ROUNDS SEED        without libFuzzer (-DALONE)
//
// An input is a list of steps of three bytes: what is done, to which block, and how large it is to be. The model knows
// of each block where it is, its size and what was written into it.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "heap.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#define SANITIZED
#endif
#endif

#define ARENA ((size_t)4 << 20)
#define BLOCKS 256
#define REQUIRE(condition) \
  do { \
    if (!(condition)) { \
      fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
      abort(); \
    } \
  } while (0)

typedef struct {
  uint8_t *memory;
  size_t size;
  uint8_t fill;
} Block;

static Block blocks[BLOCKS];
static uint8_t *arena;

static size_t size_from(uint8_t kind, uint8_t number) {
  // Few large ones: 256 of them would not fit.
  static const unsigned SHIFTS[] = {0, 0, 0, 2, 4, 6, 8, 12};
  return (size_t)number << SHIFTS[kind % 8];
}

static void check_contents(const Block *block, size_t size) {
  for (size_t i = 0; i < size; i++) REQUIRE(block->memory[i] == block->fill);
}

/// Take over what the heap returned: aligned, within the arena, apart from all other blocks, and writable as a whole.
static void accept(Block *block, uint8_t *memory, size_t size, uint8_t fill) {
  size_t usable = heap_usable_size(memory);
  REQUIRE((uintptr_t)memory % 16 == 0 && usable >= size);
  REQUIRE(memory >= arena && memory + usable <= arena + heap_top());
  for (int i = 0; i < BLOCKS; i++) {
    const Block *other = &blocks[i];
    if (other == block || other->memory == NULL) continue;
    REQUIRE(memory + usable <= other->memory || other->memory + heap_usable_size(other->memory) <= memory);
  }
  *block = (Block){memory, usable, fill};
  memset(memory, fill, usable);
}

static void step(uint8_t what, uint8_t which, uint8_t number) {
  Block *block = &blocks[which];
  size_t size = size_from(what >> 3, number);
  uint8_t fill = (uint8_t)(which ^ number ^ 0x5a);
  uint8_t *memory;
  switch (what % 8) {
    case 0:
    case 1:
    case 2:
      if (block->memory != NULL) check_contents(block, block->size);
      heap_release(block->memory);
      block->memory = NULL;
      memory = what % 8 == 1 ? heap_allocate_zeros(size) : heap_allocate(size);
      if (memory == NULL) break;
      for (size_t i = 0; what % 8 == 1 && i < size; i++) REQUIRE(memory[i] == 0);
      accept(block, memory, size, fill);
      break;
    case 3:
    case 4:
      memory = heap_reallocate(block->memory, size);
      if (memory == NULL) {
        if (block->memory != NULL) check_contents(block, block->size);
        break;
      }
      if (block->memory != NULL) {
        Block kept = {memory, 0, block->fill};
        check_contents(&kept, block->size < size ? block->size : size);
      }
      accept(block, memory, size, fill);
      break;
    case 5:
    case 6:
      if (block->memory != NULL) check_contents(block, block->size);
      heap_release(block->memory);
      block->memory = NULL;
      break;
    default:
      if (which < 32) {
        heap_settle();
      } else {
        heap_limit(number == 0 ? SIZE_MAX : (size_t)number << 14);
      }
  }
}

static void check_all(void) {
  size_t used = 0;
  for (int i = 0; i < BLOCKS; i++) {
    if (blocks[i].memory == NULL) continue;
    check_contents(&blocks[i], blocks[i].size);
    used += heap_usable_size(blocks[i].memory);
  }
  REQUIRE(heap_check() == used);
  // What was never handed out is zero: a byte is, and each is like the one before it.
  const uint8_t *rest = arena + heap_touched();
  REQUIRE(rest[0] == 0 && memcmp(rest, rest + 1, ARENA - heap_touched() - 1) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length) {
  if (arena == NULL) {
    // Divisible by 65536, as the memory of a machine is.
    uint8_t *memory = mmap(NULL, ARENA + 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    arena = memory + (65536 - (uintptr_t)memory % 65536) % 65536;
#ifdef SANITIZED
    // What the heap must never touch: places behind the arena, and those before the first block's own.
    __asan_poison_memory_region(arena + ARENA, 16);
    __asan_poison_memory_region(arena, 8);
#endif
  } else {
    memset(arena + 8, 0, heap_touched() - 8);
  }
  memset(blocks, 0, sizeof blocks);
  heap_start(arena, ARENA);
  for (size_t i = 0; i + 3 <= length; i += 3) {
    step(data[i], data[i + 1], data[i + 2]);
    if (i % 48 == 0) REQUIRE(heap_check() <= ARENA);
  }
  check_all();
  // All of it comes back: the heap is as empty as it was.
  for (int i = 0; i < BLOCKS; i++) heap_release(blocks[i].memory);
  REQUIRE(heap_check() == 0 && heap_top() == 12);
  return 0;
}

#ifdef ALONE
int main(int count, char **arguments) {
  REQUIRE(count == 3);
  uint64_t state = strtoull(arguments[2], NULL, 10) * 2 + 1;
  static uint8_t input[6000];
  for (long rounds = strtol(arguments[1], NULL, 10); rounds > 0; rounds--) {
    for (size_t i = 0; i < sizeof input; i++) {
      // xorshift64* (Sebastiano Vigna).
      state ^= state >> 12;
      state ^= state << 25;
      state ^= state >> 27;
      input[i] = (uint8_t)(state * 2685821657736338717u >> 56);
    }
    LLVMFuzzerTestOneInput(input, sizeof input - (size_t)(rounds % 1000) * 3);
  }
  return 0;
}
#endif
