// SPDX-License-Identifier: Apache-2.0
//===- TaskDrafts.h - what each task computes, takes, returns ---*- C++ -*-===//
//
// A task is drafted on demand. Asked for a value, it either has it, binds it
// (state, input, received, saved, once, accumulator, gradient) or includes the
// op that makes it and asks for its operands; another task that must send, save
// or return the value is asked in turn. What starts it:
//
//   the loss          F of its stage accumulates it
//   each gradient     B of the stage of each summand accumulates it; RS reduces
//   `totals`          NORM of the stage that has the entry
//   each update       OPT of every stage that uses the parameter
//   results           F (inference) or OPT (metrics)
//
// A value of F that B of the same stage reads is saved, or computed again if
// its op is marked; one that a later stage reads is sent there from its
// producer, whatever the distance, and saved there if B reads it.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_LIB_SCHEDULE_TASKDRAFTS_H
#define MPT_LIB_SCHEDULE_TASKDRAFTS_H

#include "ClassifyOps.h"
#include "Tasks.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include <deque>
#include <map>
#include <set>

namespace mlir::mpt {

/// A trainable state, its gradient and where both are used.
struct Parameter {
  StringRef name;
  Operation *update; ///< the `opt_update`
  Value gradient;    ///< reduced: operand of the update
  Value accumulated; ///< what RS reduces, partial over micro; null: a constant
  SmallVector<Value> summands; ///< of `accumulated`, in order of use
  std::set<int> stages;        ///< that read it or add to its gradient
  bool isTied() const { return stages.size() > 1; }
};

/// What an argument or result is bound to. Values of Save, Once, Send and Recv
/// get their names when all tasks are drafted; `name` is empty until then.
struct DraftBinding {
  BindingKind kind;
  StringRef name;
  int peer = -1; ///< Send: reading stage, Recv: sending stage
};

struct TaskDraft {
  int stage;
  algebra::Kind kind;
  llvm::SmallPtrSet<Operation *, 16> ops;
  llvm::MapVector<Value, DraftBinding> args;
  SmallVector<std::pair<Value, DraftBinding>> results;
  /// Values that are added to accumulators once computed.
  llvm::MapVector<Value, StringRef> summands;
  /// What step tasks may bind: gradients, accumulators, totals.
  llvm::DenseMap<Value, DraftBinding> available;
  /// NORM: the entries of `totals` that this stage adds.
  SmallVector<unsigned> entries;
  /// Accumulators that the task returns as zeros, with the value they add up.
  SmallVector<std::pair<Value, StringRef>> zeros;

  bool has(Value value) const {
    return args.count(value) ||
           (value.getDefiningOp() && ops.contains(value.getDefiningOp()));
  }
  void addResult(Value value, DraftBinding binding);
};

class TaskDrafts {
public:
  TaskDrafts(func::FuncOp program, Classification &classes, int stages)
      : program(program), symbols(program->getParentOp()), classes(classes),
        stages(stages) {}

  LogicalResult draft();

  /// The task, or null where the stage has nothing to do in it.
  TaskDraft *find(int stage, algebra::Kind kind);
  ArrayRef<Parameter> getParameters() const { return parameters; }
  /// Those of the header; once drafted, each has F.
  int getNumStages() const { return stages; }

private:
  TaskDraft &get(int stage, algebra::Kind kind);
  InFlightDiagnostic error(Operation *op);

  // Roots.
  void draftLosses();
  void draftOutputs();
  void findParameters();
  void findGradient(Parameter &parameter);
  void draftSummands(Parameter &parameter);
  void findUses();
  void draftReductions();
  void draftTotals();
  SmallVector<int> findTotalsStages(Value entry);
  void draftUpdates();
  void draftMetrics();
  int getResultStage(Value value);

  // Demand.
  void request(Value value, TaskDraft &task) {
    queue.push_back({value, &task});
  }
  void include(Operation *op, TaskDraft &task);
  void drain();
  void resolve(Value value, TaskDraft &task);
  void resolveForward(Value value, int stage, TaskDraft &task);
  void resolveBackward(Value value, int stage, TaskDraft &task);
  void resolveOnce(Value value, TaskDraft &task);
  void receive(Value value, int from, TaskDraft &task);

  func::FuncOp program;
  SymbolTable symbols;
  Classification &classes;
  int stages;
  std::map<std::pair<int, int>, std::unique_ptr<TaskDraft>> tasks;
  std::deque<std::pair<Value, TaskDraft *>> queue;
  SmallVector<Parameter> parameters;
  bool ok = true;
};

/// Splits every sum of cotangents whose operands lie on several stages: those
/// of one stage are added there, to the sum that comes from later stages, the
/// rest at the producer's.
void splitSums(func::FuncOp program, Classification &classes);

} // namespace mlir::mpt
#endif
