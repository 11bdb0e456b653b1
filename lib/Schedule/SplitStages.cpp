// SPDX-License-Identifier: Apache-2.0
//===- SplitStages.cpp - phase 5: one function per stage and task ---------===//
//
//   classify every op of the program        (ClassifyOps.h)
//   split sums of cotangents by stage
//   draft the tasks, from what they return  (TaskDrafts.h)
//   build their functions                   (BuildTasks.cpp)
//
// In F and B the axis `micro` is gone from all types: they are of one
// micro-batch. What was partial over it is accumulated. Refused by name: a loss
// that is no sum over micro-batches, a write of a state that is no update, an
// op that treats samples differently by their place in the batch, a stage
// without an operation.
//
//===----------------------------------------------------------------------===//
#include "BuildTasks.h"
#include "mpt/Schedule/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_SPLITSTAGESPASS
#include "mpt/Schedule/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;

namespace {
struct SplitStages : mlir::mpt::impl::SplitStagesPassBase<SplitStages> {
  void runOnOperation() override;

private:
  FailureOr<func::FuncOp> findProgram();
  LogicalResult split(func::FuncOp program);
  LogicalResult checkBatch(func::FuncOp program, int64_t micro);
  void declareInterface(func::FuncOp program);
};
} // namespace

FailureOr<func::FuncOp> SplitStages::findProgram() {
  SmallVector<func::FuncOp> programs(getOperation().getOps<func::FuncOp>());
  if (programs.size() == 1)
    return programs.front();
  return getOperation().emitError()
         << "found " << programs.size() << " programs, expected one";
}

/// Micro-batches are of one size.
LogicalResult SplitStages::checkBatch(func::FuncOp program, int64_t micro) {
  for (BlockArgument arg : program.getArguments()) {
    ShardingAttr sharding = getSharding(arg.getType());
    int64_t dim = sharding ? sharding.getDimOf(kMicro) : -1;
    int64_t size =
        dim < 0 ? micro : cast<RankedTensorType>(arg.getType()).getDimSize(dim);
    if (size % micro != 0)
      return program.emitError()
             << "input " << arg.getArgNumber() << " has a batch of " << size
             << ", which " << micro << " micro-batches do not divide";
  }
  return success();
}

/// `mpt.inputs`, `mpt.outputs`: what the program takes and gives, with global
/// shapes and shardings, for the manifest; no task says it any more.
void SplitStages::declareInterface(func::FuncOp program) {
  Builder b(&getContext());
  auto entry = [&](Attribute name, Type type, bool label) {
    NamedAttrList list;
    list.set("name", name);
    list.set("type", TypeAttr::get(type));
    if (label)
      list.set("label", b.getUnitAttr());
    return list.getDictionary(&getContext());
  };
  SmallVector<Attribute> inputs, outputs;
  for (BlockArgument arg : program.getArguments())
    if (Attribute name = program.getArgAttr(arg.getArgNumber(), "mpt.input"))
      inputs.push_back(
          entry(name, arg.getType(),
                bool(program.getArgAttr(arg.getArgNumber(), "mpt.label"))));
  for (auto [i, type] : llvm::enumerate(program.getResultTypes()))
    if (Attribute name = program.getResultAttr(i, "mpt.output"))
      outputs.push_back(entry(name, type, false));
  getOperation()->setAttr("mpt.inputs", b.getArrayAttr(inputs));
  if (!outputs.empty())
    getOperation()->setAttr("mpt.outputs", b.getArrayAttr(outputs));
}

LogicalResult SplitStages::split(func::FuncOp program) {
  auto header = getOnly<ScheduleHeaderOp>(getOperation());
  auto mesh = getOnly<MeshOp>(getOperation());
  if (!header || !mesh)
    return getOperation().emitError()
           << "there is no 'mpt.mesh' or no 'mpt.schedule_header'; run phase "
              "plan first";
  if (failed(checkBatch(program, mesh.getSize(kMicro))))
    return failure();
  declareInterface(program);
  Classification classes(program);
  splitSums(program, classes);
  TaskDrafts drafts(program, classes, header.getStages());
  if (failed(drafts.draft()) ||
      failed(buildTasks(getOperation(), classes, drafts)))
    return failure();
  program.erase();
  return success();
}

void SplitStages::runOnOperation() {
  FailureOr<func::FuncOp> program = findProgram();
  if (failed(program) || failed(split(*program)))
    signalPassFailure();
}
