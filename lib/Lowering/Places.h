// SPDX-License-Identifier: Apache-2.0
//===- Places.h - what lies where in an arena -------------------*- C++ -*-===//
//
// Places of one pipeline coordinate: what its tasks' arguments and results are
// bound to. Order in the arena: states, accumulators (operands of a bucket
// adjacent, in its order; the reduced gradient lies in its accumulator), values
// of the step, inputs, outputs, saved sets, slots of transfers, then the region
// in which all tasks of the coordinate work.
//
//   saved set k of a stage: base + k * size; a received operand that is kept
//     lies in it, so it is received there
//   hand-over (both stages here): the sender writes into the receiver's slot
//   sum of accumulators: in place; sum of totals: into the first stage's vector
//   states: one place per stage where several stages write copies, else one
//
//===----------------------------------------------------------------------===//
#ifndef MPT_LOWERING_PLACES_H
#define MPT_LOWERING_PLACES_H

#include "mpt/IR/Bindings.h"
#include "llvm/ADT/MapVector.h"

namespace mlir::mpt {

inline constexpr int64_t kArenaAlign = 64;

/// The name of a task; reports a function that is none.
FailureOr<TaskName> parseTask(func::FuncOp task);

/// Which number of an action chooses among equal places.
enum class IndexKind { None, Micro, Save, Slot };

/// Bytes [at, at + bytes) of the arena, `stride` further per index.
struct Address {
  int64_t at = 0, bytes = 0;
  IndexKind index = IndexKind::None;
  int64_t stride = 0, count = 1;
  StringRef transfer; ///< whose slot, for Slot

  bool sameAs(const Address &o) const {
    return at == o.at && index == o.index && stride == o.stride &&
           transfer == o.transfer;
  }
  /// Whether the bytes of some index can meet those of some index of `o`;
  /// both index the same thing if they index by the same number.
  bool meets(const Address &o) const;
};

/// Where a coordinate's tasks find what they are bound to.
class Places {
public:
  Places(ModuleOp module, ScheduleOp schedule, ActionsOp actions)
      : module(module), actions(actions), coordinate(actions.getPp()),
        micro(schedule.getMicro()), stagePlace(schedule.getPlace()) {}

  /// Reads the tasks of the coordinate and lays everything out.
  LogicalResult build();

  ArrayRef<func::FuncOp> getTasks() const { return tasks; }
  /// Bytes of all places: the working region begins there.
  int64_t getBytes() const { return cursor; }
  Address find(int64_t stage, const Binding &binding) const;

  /// The attributes `places` (for the manifest) and `regions` of the arena;
  /// `sumKernel` gives the kernel that adds operands of a type.
  ArrayAttr getPlaces(llvm::function_ref<FlatSymbolRefAttr(Type)> sumKernel);
  ArrayAttr getRegions(int64_t workBytes);

private:
  struct Key {
    int64_t stage; ///< -1: of the coordinate
    BindingKind kind;
    StringRef name;
    bool operator==(const Key &o) const {
      return stage == o.stage && kind == o.kind && name == o.name;
    }
  };
  struct Place {
    Key key;
    Address address;
  };

  LogicalResult collect(func::FuncOp task);
  LogicalResult collect(func::FuncOp task, std::optional<Binding> binding,
                        Type type, const Twine &what);
  void countIndices();
  Key keyOf(int64_t stage, BindingKind kind, StringRef name) const;
  Place *lookup(const Key &key);
  const Place *lookup(const Key &key) const;
  int64_t take(int64_t bytes);
  /// Lays out one place that was collected.
  void put(Place &place);

  void orderBuckets();
  void layOutStates();
  void layOutAccumulators();
  void layOutStep();
  void layOutInputs();
  void layOutSavedSets();
  void layOutTransfers();
  bool isHere(int64_t stage) const;
  TransferOp getTransfer(StringRef name) const;
  /// The stages of a sum that are here, in its order.
  SmallVector<int64_t> getStagesHere(TransferOp sum) const;
  /// The saved value that is this received operand, if the reader keeps it.
  StringRef keptAs(StringRef transfer, int64_t stage) const;

  ModuleOp module;
  ActionsOp actions;
  int64_t coordinate, micro;
  SmallVector<int64_t> stagePlace; ///< stage -> coordinate
  SmallVector<func::FuncOp> tasks;
  SmallVector<Place> list;  ///< in the order of tasks
  SmallVector<Key> buckets; ///< accumulators in the order of their buckets
  llvm::MapVector<int64_t, int64_t> saveCount;   ///< stage -> saved sets
  llvm::MapVector<StringRef, int64_t> slotCount; ///< transfer -> slots
  llvm::StringMap<SmallVector<int64_t>> writers; ///< state -> stages
  struct SavedSet {
    int64_t stage, at, bytes, count;
  };
  SmallVector<SavedSet> savedSets;
  int64_t cursor = 0;
};

} // namespace mlir::mpt
#endif
