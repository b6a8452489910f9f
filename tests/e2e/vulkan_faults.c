/* Makes a Vulkan device fail, for tests. Loaded by LD_PRELOAD, it is asked for Vulkan's functions first.
 *
 * The file that VULKAN_FAULT names says what happens from now on; without it, the driver is asked as always:
 *   lost    what is submitted is refused, since the device is gone: a cable was pulled, a driver was reset
 *   memory  no memory is given any more: another program took it
 *   hang    what is submitted never ends
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUCCESS = 0, NO_DEVICE_MEMORY = -2, DEVICE_LOST = -4 }; /* VkResult */

typedef void (*Function)(void);
typedef Function (*Lookup)(void *, const char *);
typedef int (*Submit)(void *, unsigned, const void *, void *);
typedef int (*Allocate)(void *, const void *, const void *, void *);

static int is_fault(const char *kind) {
    char found[16] = "";
    FILE *file = fopen(getenv("VULKAN_FAULT"), "r");
    if (file) {
        if (fscanf(file, "%15s", found) != 1) found[0] = 0;
        fclose(file);
    }
    return !strcmp(found, kind);
}

static void *driver(const char *name) {
    return dlsym(dlopen("libvulkan.so.1", RTLD_LAZY), name);
}

static int submit(void *queue, unsigned count, const void *work, void *fence) {
    if (is_fault("lost")) return DEVICE_LOST;
    if (is_fault("hang")) return SUCCESS; /* the fence is never signalled */
    return ((Submit)driver("vkQueueSubmit"))(queue, count, work, fence);
}

static int allocate(void *device, const void *wanted, const void *allocator, void *memory) {
    if (is_fault("memory")) return NO_DEVICE_MEMORY;
    return ((Allocate)driver("vkAllocateMemory"))(device, wanted, allocator, memory);
}

static Function look_up(const char *through, void *owner, const char *name) {
    if (!strcmp(name, "vkQueueSubmit")) return (Function)submit;
    if (!strcmp(name, "vkAllocateMemory")) return (Function)allocate;
    return ((Lookup)driver(through))(owner, name);
}

Function vkGetDeviceProcAddr(void *device, const char *name) {
    return look_up("vkGetDeviceProcAddr", device, name);
}

Function vkGetInstanceProcAddr(void *instance, const char *name) {
    if (!strcmp(name, "vkGetDeviceProcAddr")) return (Function)vkGetDeviceProcAddr;
    return look_up("vkGetInstanceProcAddr", instance, name);
}
