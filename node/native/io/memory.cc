#include "io/memory.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace vdb {

void release_freed_memory() noexcept {
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

}  // namespace vdb
