#include "kernels/kernels.h"

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#include "kernels/tables.h"

namespace vdb {

namespace {

struct Table {
  const Kernels* kernels;
  bool runs_here;
};

/** All tables of this build, slowest first. */
std::vector<Table> tables() {
  std::vector<Table> all = {{&kScalarKernels, true}};
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  all.push_back({&kAvx2Kernels, avx2});
  all.push_back({&kAvx512Kernels, avx512});
  all.push_back({&kAvx512VnniKernels, avx512 && __builtin_cpu_supports("avx512vnni")});
#elif defined(__aarch64__)
  all.push_back({&kNeonKernels, true});
  all.push_back({&kNeonDotKernels, (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0});
#endif
  return all;
}

}  // namespace

const Kernels& kernels() {
  static const Kernels& active = *available_kernels().back();
  return active;
}

std::vector<const Kernels*> available_kernels() {
  std::vector<const Kernels*> available;
  for (const Table& table : tables())
    if (table.runs_here) available.push_back(table.kernels);
  return available;
}

std::vector<std::string_view> built_kernels() {
  std::vector<std::string_view> names;
  for (const Table& table : tables()) names.push_back(table.kernels->name);
  return names;
}

}  // namespace vdb
