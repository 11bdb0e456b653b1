// SPDX-License-Identifier: Apache-2.0
//===- Kernel.h - building a kernel and its launch --------------*- C++ -*-===//
//
// Builds a kernel (mpt/IR/Kernels.h says what one is) while it collects the
// operands of its launch. `compute` and `fill` update destinations in the order
// they are called; whether rows are independent follows from what was built.
//
// Worked example, the row sums of `mpt.reduce sum %x {axes = [1]}`:
//   Kernel k(table, op, "reduce_sum");
//   Value x = k.input(op.getInput(), {8, 4});
//   Value r = k.output(op.getResult(), {8});
//   k.fill(r, "sum");
//   k.compute({k.at(x, {0u, 1u})}, {k.at(r, {0u})},
//             [](Scalars &s, ValueRange in, ValueRange out) {
//               return SmallVector<Value>{s.add(out[0], in[0])};
//             });
//   k.launch();
//
//===----------------------------------------------------------------------===//
#ifndef MPT_LOWERING_KERNEL_H
#define MPT_LOWERING_KERNEL_H

#include "Scalars.h"
#include "mpt/IR/Kernels.h"
#include "mpt/IR/Mpt.h"
#include "llvm/ADT/StringMap.h"

namespace mlir::mpt {

using Shape = SmallVector<int64_t>;

/// The kernel as text without its name: equal kernels have equal text.
std::string getKernelText(func::FuncOp kernel);

/// The kernels of a module: equal kernels are one symbol.
class KernelTable {
public:
  explicit KernelTable(ModuleOp module);
  /// Puts the kernel into the module under a name that begins with `stem`, or
  /// drops it for an equal one.
  FlatSymbolRefAttr intern(OwningOpRef<func::FuncOp> kernel, StringRef stem);

private:
  ModuleOp module;
  SymbolTable symbols;
  llvm::StringMap<FlatSymbolRefAttr> byText;
};

/// `tensor[exprs]` inside of a linalg op; scalars have no exprs.
struct Access {
  Value tensor;
  SmallVector<AffineExpr> exprs;
};

class Kernel {
public:
  /// The kernel replaces some or all results of `op`, a tensor op of a task.
  Kernel(KernelTable &table, Operation *op, StringRef stem);

  /// An operand as a tensor of this shape.
  Value input(Value operand, ArrayRef<int64_t> shape);
  /// The same, or a scalar where the operand is a constant of equal elements
  /// or a rank scalar: only for `compute`, with the map of any shape.
  Value operand(Value operand, ArrayRef<int64_t> shape);
  /// The value of an operand of rank 0.
  Value scalar(Value operand);
  /// An i64 that the task computes from this rank's coordinates.
  Value rankScalar(Value operand);
  /// This rank's offset in a dim of `size` cut over the axes (i64), and whether
  /// the rank has index 0 on all axes (i1).
  Value shardOffset(ArrayAttr axes, int64_t size);
  Value isFirst(ArrayAttr axes);
  /// A new destination for a result of the op.
  Value output(Value result, ArrayRef<int64_t> shape);
  /// The operand's buffer is the destination and holds its value; copied first
  /// if the value is used again.
  Value inPlace(Value result, Value operand, ArrayRef<int64_t> shape);
  /// A new destination that is no result of the op: scratch, or read by
  /// `getLaunched`.
  Value fresh(Type type, ArrayRef<int64_t> shape);
  Value scratch(Type element, ArrayRef<int64_t> shape) {
    return fresh(RankedTensorType::get(shape, element), shape);
  }

  Access at(Value tensor, ArrayRef<unsigned> dims);
  Access map(Value tensor, ArrayRef<AffineExpr> exprs) {
    return {tensor, SmallVector<AffineExpr>(exprs)};
  }

  using Body = llvm::function_ref<SmallVector<Value>(Scalars &, ValueRange ins,
                                                     ValueRange outs)>;
  /// One linalg.generic that updates destinations; iterators that index no
  /// destination are reductions.
  void compute(ArrayRef<Access> ins, ArrayRef<Access> outs, Body body);
  /// Fills a destination with the identity of a reduction.
  void fill(Value destination, StringRef kind);
  void fill(Value destination, Value scalar);

  /// For bodies that are no linalg: the destination's value now, and then.
  Value get(Value destination) const;
  void set(Value destination, Value value);

  OpBuilder &builder() { return body; }
  Scalars scalars() { return {body, loc}; }
  Operation *getOp() { return op; }

  /// Ends the kernel and launches it before the op, whose results that have a
  /// destination are replaced.
  void launch();
  /// The task's value of a destination after `launch`.
  Value getLaunched(Value destination) { return find(destination)->result; }

private:
  struct Destination {
    Value argument; ///< of the kernel
    Value task;     ///< the buffer's value in the task
    Value result;   ///< of the op, or null (scratch)
    Value current;  ///< in the kernel
  };
  Value addArgument(Value task, Type type);
  Value addDestination(Value task, Value result, ArrayRef<int64_t> shape);
  Value resolve(Value tensor) const;
  Destination *find(Value argument);
  void trackRows(ArrayRef<Access> ins, ArrayRef<Access> outs);
  std::string makeStem();
  KernelTable &table;
  Operation *op;
  Location loc;
  std::string stem;
  OwningOpRef<func::FuncOp> function;
  OpBuilder body, task;
  SmallVector<Value> operands;
  SmallVector<Destination> destinations;
  std::optional<int64_t> rows; ///< 0: rows depend on one another
};

/// Names of the ONNX nodes in a location, or null.
ArrayAttr getNodes(Operation *op);

/// A value without the reshapes that only give another view of it.
Value skipViews(Value value);

/// Whether the op may overwrite the operand: it is not used after the op, and a
/// function argument only if its home is written by the task.
bool isLastUse(Value value, Operation *op);

/// A copy of the value, made before the op.
Value copyBefore(KernelTable &table, Value value, Operation *op);

/// [leading dims collapsed, last dim]; shapes of rank < 2 stay.
Shape rowsShape(Type type);
/// [dims before axis, axis, dims after axis], each collapsed.
Shape aroundAxis(Type type, int64_t axis);
int64_t product(ArrayRef<int64_t> sizes);
Type elementOf(Value value);

} // namespace mlir::mpt
#endif
