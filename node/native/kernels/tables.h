#pragma once

#include "kernels/kernels.h"

// The tables, one per source file, for the choice in kernels.cc. Each file of an instruction set
// switches it on by a pragma after its includes, so that no other code is compiled for it and no
// build needs flags per file.

namespace vdb {

extern const Kernels kScalarKernels;
#if defined(__x86_64__)
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
extern const Kernels kAvx512VnniKernels;
#elif defined(__aarch64__)
extern const Kernels kNeonKernels;
extern const Kernels kNeonDotKernels;
#endif

// Conversions off the hot paths, which every table takes from scalar.cc.
namespace scalar {
void f32_to_u8(const float* values, std::size_t n, std::uint8_t* out);
void u8_to_f32(const std::uint8_t* values, std::size_t n, float* out);
void scale_f32(float* values, std::size_t n, float factor);
}  // namespace scalar

/** Below this largest component a row counts as zeros: its reciprocal times 127 would not be finite. */
inline constexpr float kQuantizableMin = 1e-36f;

}  // namespace vdb
