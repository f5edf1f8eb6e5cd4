// The engine's memory: blocks of one linear memory that grows.
//
// An allocator of two-level segregated fit (M. Masmano et al., "TLSF: a new dynamic memory allocator for real-time
// systems", 2004): allocating and releasing take constant time, and neighbours that are free are one block at once.
// What is new here is for images, which are copied page by page: no block is written before it is handed out, low
// addresses are used before memory grows, and `heap_settle` keeps scattered holes from being filled first.
//
// Blocks are aligned to 16 bytes. Nothing here is safe to use from several threads.
#pragma once

#include <stdbool.h>
#include <stddef.h>

/// Return a block, or a null pointer when there is no room for it below the limit.
void *heap_allocate(size_t size);

/// As `heap_allocate`, all bytes zero. Pages that were never used are not touched.
void *heap_allocate_zeros(size_t size);

/// Give a block another size, in place where there is room behind it. On failure it stays as it is.
void *heap_reallocate(void *memory, size_t size);

/// Take a block back; a null pointer is ignored.
void heap_release(void *memory);

/// How many bytes of a block may be used: at least as many as were asked for.
size_t heap_usable_size(const void *memory);

/// Let blocks end at most at this address, whatever the memory's size; returns the limit before. Natively, an offset.
size_t heap_limit(size_t end);

/// Prepare the memory for being copied page by page: what is free and large becomes zero, and the small holes that there
/// are now will only be used when memory cannot grow any more.
void heap_settle(void);

#ifndef __wasm__
/// Use an arena that starts at an address that is divisible by 65536, of at most 4 GB; its bytes are zero.
void heap_start(void *arena, size_t size);

/// Look at all of it. Returns the number of bytes in blocks, or aborts where something contradicts the invariants.
size_t heap_check(void);

/// Offset behind the last block that there is, and behind the last that there has ever been.
size_t heap_top(void);
size_t heap_touched(void);
#endif
