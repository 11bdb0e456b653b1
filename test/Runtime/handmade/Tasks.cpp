// SPDX-License-Identifier: Apache-2.0
// The tasks and kernels of the hand-made program: what the compiler emits as
// object code, in C++. Collectives run on the comm stream, ordered by events.
#include "Layout.h"
#include "mptrt/Manifest.h"

#include <cmath>
#include <cstring>

#define PTR void *
#define I32 int32_t
#define I64 int64_t
#define MPTRT_CALL(NAME, ARGS) extern "C" int32_t NAME ARGS;
#include "mptrt/abi.def"
#undef PTR
#undef I32
#undef I64

namespace abi = mptrt::abi;
using namespace handmade;

#define CALL(...)                                                              \
  do {                                                                         \
    if (int32_t code = (__VA_ARGS__))                                          \
      return code;                                                             \
  } while (false)

//===- Kernels ------------------------------------------------------------===//

static double *array(void *word) { return static_cast<double *>(word); }

static int64_t number(void *word) { return reinterpret_cast<int64_t>(word); }

static void *wordOf(double value) {
  void *word;
  std::memcpy(&word, &value, 8);
  return word;
}

/// to, from: the four totals.
static void add(void **args, int64_t, int64_t) {
  for (int i = 0; i < 4; ++i)
    array(args[0])[i] += array(args[1])[i];
}

/// y, target, dy, loss, scale. All samples are one row of the launch: they add
/// to one loss.
static void difference(void **args, int64_t, int64_t) {
  double scale;
  std::memcpy(&scale, &args[4], 8);
  for (int64_t i = 0; i < rows * out; ++i) {
    double difference = array(args[0])[i] - array(args[1])[i];
    array(args[2])[i] = 2 * scale * difference;
    array(args[3])[0] += scale * difference * difference;
  }
}

/// totals, loss, stop, gradient, its size, its entry, whether to count the
/// loss, the gradient
static void totals(void **args, int64_t, int64_t) {
  double *result = array(args[0]), squares = 0;
  for (int64_t i = 0; i < number(args[4]); ++i)
    squares += array(args[3])[i] * array(args[3])[i];
  for (int i = 0; i < 4; ++i)
    result[i] = 0;
  result[0] = number(args[6]) ? array(args[1])[0] : 0;
  result[1] = array(args[2])[0];
  result[number(args[5])] = number(args[7]) ? squares : 0;
}

/// weight, gradient, size, lr, totals, norm, loss: updates, clears
static void update(void **args, int64_t, int64_t) {
  double squares = array(args[4])[2] + array(args[4])[3];
  array(args[5])[0] = std::sqrt(squares);
  for (int64_t i = 0; i < number(args[2]); ++i) {
    if (std::isfinite(squares))
      array(args[0])[i] -= array(args[3])[0] * array(args[1])[i];
    array(args[1])[i] = 0;
  }
  array(args[6])[0] = 0;
}

//===- Tasks --------------------------------------------------------------===//

namespace {

/// One call of a task.
struct Call {
  void *context;
  char *arena;
  int64_t mb, slot;

  Call(void *context, void *arena, const int64_t *index)
      : context(context), arena(static_cast<char *>(arena)), mb(index[0]),
        slot(index[1]) {}
  void *at(int64_t offset) const { return arena + offset; }
  void *slotOf(int64_t offset, int64_t elements) const {
    return arena + offset + slot * bytes(elements);
  }
  void *inputOf(int64_t offset, int64_t elements) const {
    return arena + offset + mb * bytes(elements);
  }
  int32_t gemm(int32_t flags, int64_t m, int64_t n, int64_t k, int64_t lda,
               int64_t ldb, void *a, void *b, void *c) const {
    return mptrt_gemm(context, abi::StreamCompute, abi::DTypeF64, flags, 1, m,
                      n, k, lda, ldb, n, 0, 0, 0, a, b, c);
  }
  int32_t launch(int32_t kernel, void **words, int32_t count) const {
    return mptrt_launch(context, abi::StreamCompute, kernel, words, count, 1,
                        1);
  }
  int32_t sum(int32_t group, void *data, int64_t elements) const {
    CALL(mptrt_record(context, 0, abi::StreamCompute));
    CALL(mptrt_wait(context, 0, abi::StreamComm));
    CALL(mptrt_all_reduce(context, abi::StreamComm, group, abi::ReduceSum,
                          abi::DTypeF64, 1, &data, &data, &elements));
    CALL(mptrt_record(context, 1, abi::StreamComm));
    return mptrt_wait(context, 1, abi::StreamCompute);
  }
  /// Index on an axis that may not exist.
  int32_t coordinate(int64_t size, int32_t axis, int64_t *index) const {
    *index = 0;
    return size > 1 ? mptrt_coordinate(context, axis, index) : 0;
  }
};

constexpr int32_t dpAxis = pp > 1 ? 1 : 0;
constexpr int32_t tpAxis = dpAxis + (dp > 1 ? 1 : 0);

} // namespace

static int32_t forward0(void *context, void *arena, const int64_t *index) {
  Call c(context, arena, index);
  return c.gemm(0, rows, cols, in, in, cols, c.inputOf(x, rows * in), c.at(w0),
                c.slotOf(h, rows * cols));
}

static int32_t forward1(void *context, void *arena, const int64_t *index) {
  Call c(context, arena, index);
  void *result = c.slotOf(y, rows * out);
  CALL(c.gemm(0, rows, out, cols, cols, out, c.slotOf(h, rows * cols), c.at(w1),
              result));
  CALL(c.sum(GroupTp, result, rows * out));
#ifndef HANDMADE_PREDICT
  void *words[] = {result, c.inputOf(t, rows * out), c.slotOf(dy, rows * out),
                   c.at(loss), wordOf(1.0 / (batch * out))};
  CALL(c.launch(Difference, words, 5));
#endif
  return 0;
}

static int32_t backward1(void *context, void *arena, const int64_t *index) {
  Call c(context, arena, index);
  void *gradient = c.slotOf(dy, rows * out);
  CALL(c.gemm(abi::GemmTransposeA | abi::GemmAccumulate, cols, out, rows, cols,
              out, c.slotOf(h, rows * cols), gradient, c.at(g1)));
  return c.gemm(abi::GemmTransposeB, rows, cols, out, out, out, gradient,
                c.at(w1), c.slotOf(dh, rows * cols));
}

static int32_t backward0(void *context, void *arena, const int64_t *index) {
  Call c(context, arena, index);
  return c.gemm(abi::GemmTransposeA | abi::GemmAccumulate, in, cols, rows, in,
                cols, c.inputOf(x, rows * in), c.slotOf(dh, rows * cols),
                c.at(g0));
}

static int32_t reduce0(void *context, void *arena, const int64_t *index) {
  Call c(context, arena, index);
  return c.sum(GroupDp, c.at(g0), in * cols);
}

static int32_t reduce1(void *context, void *arena, const int64_t *index) {
  Call c(context, arena, index);
  return c.sum(GroupDp, c.at(g1), cols * out);
}

static int32_t normOf(const Call &c, int64_t stage) {
  int64_t onDp = 0, onTp = 0;
  CALL(c.coordinate(dp, dpAxis, &onDp));
  CALL(c.coordinate(tp, tpAxis, &onTp));
  auto word = [](int64_t value) { return reinterpret_cast<void *>(value); };
  void *words[] = {c.at(stage ? totals1 : totals0),
                   c.at(loss),
                   c.at(stop),
                   c.at(stage ? g1 : g0),
                   word(stage ? cols * out : in * cols),
                   word(2 + stage),
                   word(stage == 1 && onTp == 0),
                   word(onDp == 0)};
  return c.launch(Totals, words, 8);
}

static int32_t norm0(void *context, void *arena, const int64_t *index) {
  return normOf(Call(context, arena, index), 0);
}

static int32_t norm1(void *context, void *arena, const int64_t *index) {
  return normOf(Call(context, arena, index), 1);
}

static int32_t updateOf(const Call &c, int64_t stage) {
  void *words[] = {c.at(stage ? w1 : w0),
                   c.at(stage ? g1 : g0),
                   reinterpret_cast<void *>(stage ? cols * out : in * cols),
                   c.at(lr),
                   c.at(stage ? totals1 : totals0),
                   c.at(norm),
                   c.at(loss)};
  return c.launch(Update, words, 7);
}

static int32_t update0(void *context, void *arena, const int64_t *index) {
  return updateOf(Call(context, arena, index), 0);
}

static int32_t update1(void *context, void *arena, const int64_t *index) {
  return updateOf(Call(context, arena, index), 1);
}

//===- Symbols ------------------------------------------------------------===//

struct Image {
  const char *name;
  const void *code;
  int64_t codeBytes;
};

using KernelFunction = void (*)(void **, int64_t, int64_t);
static const void *code(KernelFunction function) {
  return reinterpret_cast<const void *>(function);
}

extern "C" {
using TaskFunction = int32_t (*)(void *, void *, const int64_t *);
extern const TaskFunction mptrt_program_tasks[];
extern const Image mptrt_program_kernels[];
const TaskFunction mptrt_program_tasks[] = {
    forward0, forward1, backward1, backward0, reduce0,
    reduce1,  norm0,    norm1,     update0,   update1};
const Image mptrt_program_kernels[] = {{"add", code(add), 0},
                                       {"difference", code(difference), 0},
                                       {"totals", code(totals), 0},
                                       {"update", code(update), 0}};
}

// The manifest that MakeManifest.cpp wrote.
__asm__(".section .rodata\n"
        ".global mptrt_program_manifest\n"
        ".global mptrt_program_manifest_size\n"
        ".balign 8\n"
        "mptrt_program_manifest:\n"
        ".incbin \"" HANDMADE_MANIFEST "\"\n"
        "0:\n"
        ".balign 8\n"
        "mptrt_program_manifest_size:\n"
        ".quad 0b - mptrt_program_manifest\n"
        ".text\n");
