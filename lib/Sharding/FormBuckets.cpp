// SPDX-License-Identifier: Apache-2.0
//
// Buckets: the all-reduces of a gradient task over the same axes, of one kind
// and element type, become one op with several operands (adjacent in memory
// from phase 9 on), numbered per stage in the order in which they stand. An
// all-reduce that depends on another one stays alone, so that merging makes no
// cycle. The merged op stands where the last of its members stood; ops that
// read earlier results move behind it.
//
#include "Localize.h"
#include "mlir/Analysis/TopologicalSortUtils.h"

using namespace mlir;
using namespace mlir::mpt;

using Bucket = SmallVector<AllReduceOp>;

static bool fit(AllReduceOp a, AllReduceOp b) {
  return a.getOver() == b.getOver() && a.getKind() == b.getKind() &&
         getElementTypeOrSelf(a.getInputs().front()) ==
             getElementTypeOrSelf(b.getInputs().front());
}

static SmallVector<Bucket> findBuckets(Block &body) {
  SmallVector<Bucket> buckets;
  DenseSet<Value> reduced; // depends on an all-reduce
  for (Operation &op : body) {
    auto reduce = dyn_cast<AllReduceOp>(op);
    bool depends = llvm::any_of(op.getOperands(),
                                [&](Value v) { return reduced.contains(v); });
    if (reduce || depends)
      reduced.insert(op.result_begin(), op.result_end());
    if (!reduce || depends)
      continue;
    auto home = llvm::find_if(
        buckets, [&](Bucket &b) { return fit(b.front(), reduce); });
    if (home == buckets.end())
      buckets.push_back({reduce});
    else
      home->push_back(reduce);
  }
  return buckets;
}

static void merge(const Bucket &bucket) {
  AllReduceOp last = bucket.back();
  OpBuilder b(last);
  SmallVector<Value> inputs, outputs;
  int64_t bytes = 0;
  for (AllReduceOp member : bucket) {
    llvm::append_range(inputs, member.getInputs());
    llvm::append_range(outputs, member.getOutputs());
    bytes += member.getBytes();
  }
  auto merged = AllReduceOp::create(
      b, bucket.front()->getLoc(), ValueRange(inputs).getTypes(), inputs,
      {b.getNamedAttr("kind", last.getKindAttr()),
       b.getNamedAttr("over", last.getOverAttr()),
       b.getNamedAttr("bytes", b.getI64IntegerAttr(bytes))});
  for (auto [from, to] : llvm::zip(outputs, merged.getOutputs()))
    from.replaceAllUsesWith(to);
  for (AllReduceOp member : bucket)
    member->erase();
}

void mlir::mpt::formBuckets(func::FuncOp task) {
  Block &body = task.front();
  for (const Bucket &bucket : findBuckets(body))
    if (bucket.size() > 1)
      merge(bucket);
  sortTopologically(&body);
  for (auto [number, bucket] : llvm::enumerate(body.getOps<AllReduceOp>()))
    bucket.setBucket(number);
}
