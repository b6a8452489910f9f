/* A ring buffer. */
#include <stdlib.h>
#include <sys/types.h>
#include "ring.h"
#include "../util/log.h"

#ifndef RING_SIZE
#define RING_SIZE 64
#endif
#define MIN(a, b) ((a) < (b) ? (a) : (b))

typedef unsigned char byte;
typedef int (*compare_fn)(const void *, const void *);

/* One slot.
 * It may be empty: “leer”.
 */
typedef struct slot {
    byte *data;
    size_t length;
    struct slot *next;
} slot;

struct ring {
    slot slots[RING_SIZE];
    int (*on_full)(struct ring *);
    int head, tail;
};

enum mode { MODE_READ, MODE_WRITE = 4 };

static int opened = 0;
static const char *names[] = {"größe", "länge"};
extern int ring_debug;

int ring_count(const struct ring *ring);

// Makes a ring.
struct ring *ring_new(enum mode mode)
{
    struct ring *ring = calloc(1, sizeof *ring);
    int count = 0;
    if (ring == NULL) {
        log_error("no memory", mode);
        return NULL;
    }
    opened++;
    return ring;
}

static inline size_t
slot_copy(slot *to, const byte *from, size_t length)
{
    size_t most = MIN(length, to->length);
    memcpy(to->data, from, most);
    return most;
}

int ring_count(const struct ring *ring)
{
    return ring->on_full((struct ring *)ring);
}
