// Invariants:
//
// - A place is a 32-bit address. Natively, it counts from the start of the arena, so the layout is the same there.
// - A block is a word with its size and flags, then the bytes of its owner. The word stands 4 bytes before an address
//   that is divisible by 16; sizes, the word included, are multiples of 16, at least 16.
// - Blocks follow each other without gaps from `start` to `top`. Behind `top` there is nothing that has a structure.
// - A free block holds the places of the next and the previous one in its list, and in its last word its size. The
//   block behind it has the flag BEHIND_FREE.
// - Two free blocks are never neighbours, and none ends at `top`: it becomes part of what is behind.
// - A free block that is COLD is in the list `cold`, any other in the list of its class; `classes` and `rows` have a
//   bit for each list that is not empty.
// - All bytes from `touched` on are zero.
#include "heap.h"

#include <stdint.h>
#include <string.h>

#define PAGE 65536u
#define UNIT 16u
/// Classes of a row: sizes of a power of two are divided into so many steps.
#define COLUMNS 32u
#define COLUMN_BITS 5u
/// Rows for blocks of up to 4 GB.
#define ROWS 24u
/// No block is larger.
#define LARGEST 0xf0000000u
/// Blocks of a list that are looked at before a larger class is used, or memory grows.
#define TRIES 8
/// Holes of at least this size are used as before after `heap_settle`.
#define HOLE 16384u

enum { FREE = 1, BEHIND_FREE = 2, COLD = 4, FLAGS = 15 };

typedef uint32_t Place;

static struct {
  Place start, top, touched, cold;
  /// End of the memory there is, and how far it may be used.
  uint64_t end, limit;
  uint32_t rows, classes[ROWS];
  Place first[ROWS][COLUMNS];
} heap;

// The memory

#ifdef __wasm__
extern char __heap_base;
#define AT(place) ((uint8_t *)(place))
#define PLACE(memory) ((Place)(memory))

static void begin(void) {
  heap.start = ((Place)&__heap_base + 15 & ~15u) + 12;
  heap.end = (uint64_t)__builtin_wasm_memory_size(0) * PAGE;
  heap.limit = UINT64_MAX;
  heap.top = heap.touched = heap.start;
}

static bool grow_pages(uint32_t pages) {
  size_t before = __builtin_wasm_memory_grow(0, pages);
  // Nothing else makes the memory grow while JavaScript runs; the host does before, by what an image has.
  return before != SIZE_MAX && (uint64_t)before * PAGE == heap.end;
}
#else
#include <stdio.h>
#include <stdlib.h>

static uint8_t *arena;
static uint64_t arena_size;
#define AT(place) (arena + (place))
#define PLACE(memory) ((Place)((const uint8_t *)(memory)-arena))

static void begin(void) {}

void heap_start(void *memory, size_t size) {
  memset(&heap, 0, sizeof heap);
  arena = memory;
  arena_size = size;
  heap.start = heap.top = heap.touched = 12;
  heap.end = PAGE;
  heap.limit = UINT64_MAX;
}

static bool grow_pages(uint32_t pages) { return heap.end + (uint64_t)pages * PAGE <= arena_size; }
#endif

static uint32_t get(Place at) {
  uint32_t word;
  memcpy(&word, AT(at), 4);
  return word;
}

static void put(Place at, uint32_t word) { memcpy(AT(at), &word, 4); }

static uint32_t size_of(Place block) { return get(block) & ~(uint32_t)FLAGS; }
static Place next_of(Place block) { return get(block + 4); }
static Place previous_of(Place block) { return get(block + 8); }

/// Make the memory reach to a place, if it may.
static bool reach(uint64_t place) {
  if (place > heap.limit || place > LARGEST) return false;
  if (place <= heap.end) return true;
  uint32_t pages = (uint32_t)((place - heap.end + PAGE - 1) / PAGE);
  if (!grow_pages(pages)) return false;
  heap.end += (uint64_t)pages * PAGE;
  return true;
}

// Lists of free blocks

/// Return the class of blocks of a size: row * COLUMNS + column.
static uint32_t class_of(uint32_t size) {
  uint32_t units = size / UNIT;
  if (units < COLUMNS) return units;
  uint32_t power = 31 - (uint32_t)__builtin_clz(units);
  return (power - COLUMN_BITS + 1) * COLUMNS + (units >> (power - COLUMN_BITS)) % COLUMNS;
}

/// Return the first class whose blocks are all large enough.
static uint32_t class_above(uint32_t size) {
  uint32_t units = size / UNIT;
  if (units < COLUMNS) return units;
  uint32_t power = 31 - (uint32_t)__builtin_clz(units);
  return class_of(size + ((1u << (power - COLUMN_BITS)) - 1) * UNIT);
}

static Place *list_of(Place block) {
  uint32_t word = get(block);
  if (word & COLD) return &heap.cold;
  uint32_t class = class_of(word & ~(uint32_t)FLAGS);
  return &heap.first[class / COLUMNS][class % COLUMNS];
}

static void put_in(Place *list, Place block) {
  put(block + 4, *list);
  put(block + 8, 0);
  if (*list != 0) put(*list + 8, block);
  *list = block;
}

/// Take a free block out of its list.
static void take_out(Place block) {
  Place next = next_of(block), previous = previous_of(block);
  if (next != 0) put(next + 8, previous);
  if (previous != 0) {
    put(previous + 4, next);
    return;
  }
  Place *list = list_of(block);
  *list = next;
  if (next != 0 || list == &heap.cold) return;
  uint32_t class = (uint32_t)(list - &heap.first[0][0]);
  if ((heap.classes[class / COLUMNS] &= ~(1u << class % COLUMNS)) == 0) heap.rows &= ~(1u << class / COLUMNS);
}

/// Make a free block of a place, whose neighbours are not free, and put it into the list of its class.
static void set_free(Place block, uint32_t size) {
  put(block, size | FREE);
  put(block + size - 4, size);
  put(block + size, get(block + size) | BEHIND_FREE);
  uint32_t class = class_of(size);
  put_in(&heap.first[class / COLUMNS][class % COLUMNS], block);
  heap.classes[class / COLUMNS] |= 1u << class % COLUMNS;
  heap.rows |= 1u << class / COLUMNS;
}

/// Return a free block that is large enough, 0 if there is none.
static Place find(uint32_t size) {
  uint32_t class = class_of(size);
  Place block = heap.first[class / COLUMNS][class % COLUMNS];
  for (int tries = 0; block != 0 && tries < TRIES; tries++, block = next_of(block)) {
    if (size_of(block) >= size) return block;
  }
  class = class_above(size);
  uint32_t row = class / COLUMNS;
  uint32_t found = row < ROWS ? heap.classes[row] & ~0u << class % COLUMNS : 0;
  if (found == 0) {
    uint32_t rows = row + 1 < ROWS ? heap.rows & ~0u << (row + 1) : 0;
    if (rows == 0) return 0;
    row = (uint32_t)__builtin_ctz(rows);
    found = heap.classes[row];
  }
  return heap.first[row][__builtin_ctz(found)];
}

/// Use cold blocks like all others again. Tells whether there were any.
static bool thaw(void) {
  if (heap.cold == 0) return false;
  for (Place next, block = heap.cold; block != 0; block = next) {
    next = next_of(block);
    set_free(block, size_of(block));
  }
  heap.cold = 0;
  return true;
}

void heap_settle(void) {
  if (heap.start == 0) return;
  memset(AT(heap.top), 0, heap.touched - heap.top);
  heap.touched = heap.top;
  for (uint32_t class = class_of(HOLE); class < ROWS * COLUMNS; class ++) {
    for (Place block = heap.first[class / COLUMNS][class % COLUMNS]; block != 0; block = next_of(block)) {
      memset(AT(block + 12), 0, size_of(block) - 16);
    }
  }
  for (uint32_t class = 0; class < class_of(HOLE); class ++) {
    Place *list = &heap.first[class / COLUMNS][class % COLUMNS];
    while (*list != 0) {
      Place block = *list;
      take_out(block);
      put(block, get(block) | COLD);
      put_in(&heap.cold, block);
    }
  }
}

// Blocks

/// Return the size of the block for so many bytes, 0 if there can be none.
static uint32_t block_size(size_t size) {
  if (size > LARGEST - UNIT) return 0;
  return ((uint32_t)size + 4 + UNIT - 1) & ~(UNIT - 1);
}

/// Cut a used block to a size; what is left over becomes free.
static void cut(Place block, uint32_t size) {
  uint32_t whole = size_of(block);
  if (whole == size) return;
  put(block, size | (get(block) & BEHIND_FREE));
  Place rest = block + size, behind = block + whole;
  uint32_t left = whole - size;
  if (behind == heap.top) {
    heap.top = rest;
    return;
  }
  if (get(behind) & FREE) {
    uint32_t more = size_of(behind);
    take_out(behind);
    left += more;
  }
  set_free(rest, left);
}

static Place take(uint32_t size) {
  Place block = find(size);
  if (block == 0 && !reach((uint64_t)heap.top + size)) {
    if (!thaw()) return 0;
    block = find(size);
    if (block == 0) return 0;
  }
  if (block == 0) {
    block = heap.top;
    heap.top += size;
    if (heap.touched < heap.top) heap.touched = heap.top;
    put(block, size);
    return block;
  }
  take_out(block);
  uint32_t whole = size_of(block);
  put(block, whole);
  put(block + whole, get(block + whole) & ~(uint32_t)BEHIND_FREE);
  cut(block, size);
  return block;
}

void *heap_allocate(size_t size) {
  if (heap.start == 0) begin();
  uint32_t wanted = block_size(size);
  Place block = wanted == 0 ? 0 : take(wanted);
  return block == 0 ? NULL : AT(block + 4);
}

void *heap_allocate_zeros(size_t size) {
  if (heap.start == 0) begin();
  Place touched = heap.touched;
  uint8_t *memory = heap_allocate(size);
  if (memory == NULL) return NULL;
  Place at = PLACE(memory);
  if (at < touched) memset(memory, 0, size < touched - at ? size : touched - at);
  return memory;
}

void heap_release(void *memory) {
  if (memory == NULL) return;
  Place block = PLACE(memory) - 4;
  uint32_t word = get(block), size = word & ~(uint32_t)FLAGS;
  if (word & BEHIND_FREE) {
    uint32_t before = get(block - 4);
    block -= before;
    size += before;
    take_out(block);
  }
  Place behind = block + size;
  if (behind == heap.top) {
    heap.top = block;
    return;
  }
  if (get(behind) & FREE) {
    uint32_t more = size_of(behind);
    take_out(behind);
    size += more;
  }
  set_free(block, size);
}

void *heap_reallocate(void *memory, size_t size) {
  if (memory == NULL) return heap_allocate(size);
  uint32_t wanted = block_size(size);
  if (wanted == 0) return NULL;
  Place block = PLACE(memory) - 4;
  uint32_t whole = size_of(block);
  Place behind = block + whole;
  if (wanted > whole) {
    if (behind == heap.top && reach((uint64_t)block + wanted)) {
      heap.top = block + wanted;
      if (heap.touched < heap.top) heap.touched = heap.top;
      put(block, wanted | (get(block) & BEHIND_FREE));
      return memory;
    }
    if (behind == heap.top || !(get(behind) & FREE) || whole + size_of(behind) < wanted) {
      void *moved = heap_allocate(size);
      if (moved == NULL) return NULL;
      memcpy(moved, memory, whole - 4);
      heap_release(memory);
      return moved;
    }
    uint32_t more = size_of(behind);
    take_out(behind);
    put(block, (whole + more) | (get(block) & BEHIND_FREE));
    put(behind + more, get(behind + more) & ~(uint32_t)BEHIND_FREE);
  }
  cut(block, wanted);
  return memory;
}

size_t heap_usable_size(const void *memory) { return memory == NULL ? 0 : size_of(PLACE(memory) - 4) - 4; }

size_t heap_limit(size_t end) {
  if (heap.start == 0) begin();
  size_t before = heap.limit > SIZE_MAX ? SIZE_MAX : (size_t)heap.limit;
  heap.limit = end;
  return before;
}

#ifndef __wasm__
#define REQUIRE(condition) \
  do { \
    if (!(condition)) { \
      fprintf(stderr, "heap: %s does not hold\n", #condition); \
      abort(); \
    } \
  } while (0)

size_t heap_top(void) { return heap.top; }
size_t heap_touched(void) { return heap.touched; }

static size_t check_list(Place block, uint32_t flags, uint32_t class) {
  size_t count = 0;
  for (Place previous = 0; block != 0; previous = block, block = next_of(block), count++) {
    REQUIRE(block >= heap.start && block < heap.top);
    REQUIRE(previous_of(block) == previous);
    REQUIRE((get(block) & (FREE | COLD)) == flags);
    REQUIRE(flags & COLD || class_of(size_of(block)) == class);
  }
  return count;
}

size_t heap_check(void) {
  size_t free_blocks = 0, used = 0, listed = check_list(heap.cold, FREE | COLD, 0);
  bool was_free = false;
  for (Place block = heap.start; block != heap.top; block += size_of(block)) {
    uint32_t word = get(block), size = word & ~(uint32_t)FLAGS;
    REQUIRE(size >= UNIT && size <= heap.top - block);
    REQUIRE((word & BEHIND_FREE) == (was_free ? BEHIND_FREE : 0));
    was_free = word & FREE;
    if (was_free) {
      REQUIRE(!(word & BEHIND_FREE));
      REQUIRE(get(block + size - 4) == size);
      free_blocks++;
    } else {
      REQUIRE(!(word & COLD));
      used += size - 4;
    }
  }
  REQUIRE(!was_free);
  for (uint32_t class = 0; class < ROWS * COLUMNS; class ++) {
    Place list = heap.first[class / COLUMNS][class % COLUMNS];
    REQUIRE((heap.classes[class / COLUMNS] >> class % COLUMNS & 1) == (list != 0));
    REQUIRE((heap.rows >> class / COLUMNS & 1) == (heap.classes[class / COLUMNS] != 0));
    listed += check_list(list, FREE, class);
  }
  REQUIRE(listed == free_blocks);
  REQUIRE(heap.top <= heap.touched && heap.touched <= heap.end);
  return used;
}
#endif
