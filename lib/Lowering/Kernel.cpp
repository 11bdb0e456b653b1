// SPDX-License-Identifier: Apache-2.0
#include "Kernel.h"

using namespace mlir;
using namespace mlir::mpt;

//===- shapes ------------------------------------------------------------===//

int64_t mpt::product(ArrayRef<int64_t> sizes) {
  int64_t n = 1;
  for (int64_t size : sizes)
    n *= size;
  return n;
}
Shape mpt::rowsShape(Type type) {
  ArrayRef<int64_t> shape = cast<ShapedType>(type).getShape();
  if (shape.size() < 2)
    return Shape(shape);
  return {product(shape.drop_back()), shape.back()};
}
Shape mpt::aroundAxis(Type type, int64_t axis) {
  ArrayRef<int64_t> shape = cast<ShapedType>(type).getShape();
  return {product(shape.take_front(axis)), shape[axis],
          product(shape.drop_front(axis + 1))};
}
Type mpt::elementOf(Value value) { return getElementTypeOrSelf(value); }

//===- names -------------------------------------------------------------===//

static void collectNodes(Location loc, SmallVectorImpl<StringRef> &names) {
  if (auto name = dyn_cast<NameLoc>(loc)) {
    if (!llvm::is_contained(names, name.getName().getValue()))
      names.push_back(name.getName().getValue());
  } else if (auto fused = dyn_cast<FusedLoc>(loc)) {
    for (Location part : fused.getLocations())
      collectNodes(part, names);
  }
}

ArrayAttr mpt::getNodes(Operation *op) {
  SmallVector<StringRef> names;
  collectNodes(op->getLoc(), names);
  return names.empty() ? ArrayAttr() : Builder(op).getStrArrayAttr(names);
}

std::string mpt::getKernelText(func::FuncOp kernel) {
  OwningOpRef<func::FuncOp> copy = kernel.clone();
  copy->setName("kernel");
  std::string text;
  llvm::raw_string_ostream os(text);
  copy->print(os, OpPrintingFlags().useLocalScope());
  return text;
}

KernelTable::KernelTable(ModuleOp module) : module(module), symbols(module) {
  for (auto kernel : module.getOps<func::FuncOp>())
    if (kernel->hasAttr(kKernelAttr))
      byText[getKernelText(kernel)] = FlatSymbolRefAttr::get(kernel);
}

FlatSymbolRefAttr KernelTable::intern(OwningOpRef<func::FuncOp> kernel,
                                      StringRef stem) {
  FlatSymbolRefAttr &symbol = byText[getKernelText(*kernel)];
  if (symbol)
    return symbol;
  func::FuncOp owned = kernel.release();
  owned.setName(stem);
  symbols.insert(owned, module.getBody()->end());
  symbol = FlatSymbolRefAttr::get(owned);
  return symbol;
}

//===- uses --------------------------------------------------------------===//

Value mpt::skipViews(Value value) {
  while (auto view = value.getDefiningOp<ReshapeOp>())
    value = view.getInput();
  return value;
}

/// Accumulators, and states that the task writes; the operand of RS where the
/// accumulators of several stages were added in place.
static bool isWritable(BlockArgument arg) {
  auto task = cast<func::FuncOp>(arg.getOwner()->getParentOp());
  unsigned i = arg.getArgNumber();
  if (task.getArgAttr(i, "mpt.acc"))
    return true;
  if (Attribute state = task.getArgAttr(i, "mpt.state")) {
    for (unsigned r = 0; r < task.getNumResults(); ++r)
      if (task.getResultAttr(r, "mpt.state") == state)
        return true;
    return false;
  }
  if (auto recv = task.getArgAttrOfType<FlatSymbolRefAttr>(i, "mpt.recv")) {
    auto transfer =
        SymbolTable::lookupNearestSymbolFrom<TransferOp>(task, recv);
    return transfer && transfer.getMode() == "sum" &&
           transfer.getTask() == "acc";
  }
  return false;
}

/// Uses of the value and of its views by the op, or -1 if one comes later.
static int64_t countUses(Value value, Operation *op) {
  int64_t uses = 0;
  for (Operation *user : value.getUsers()) {
    if (auto view = dyn_cast<ReshapeOp>(user)) {
      int64_t more = countUses(view.getResult(), op);
      if (more < 0)
        return -1;
      uses += more;
    } else if (user == op) {
      ++uses;
    } else if (op->isBeforeInBlock(user)) {
      return -1;
    }
  }
  return uses;
}

bool mpt::isLastUse(Value value, Operation *op) {
  Value root = skipViews(value);
  if (auto arg = dyn_cast<BlockArgument>(root))
    if (!isWritable(arg))
      return false;
  return countUses(root, op) == 1;
}

//===- kernel ------------------------------------------------------------===//

Kernel::Kernel(KernelTable &table, Operation *op, StringRef stem)
    : table(table), op(op), loc(UnknownLoc::get(op->getContext())), stem(stem),
      body(op->getContext()), task(op) {
  function = func::FuncOp::create(loc, "kernel",
                                  body.getFunctionType(TypeRange(), {}));
  function->setPrivate();
  function->addEntryBlock();
  body.setInsertionPointToEnd(&function->getBody().front());
}

static Type viewType(Value value, ArrayRef<int64_t> shape) {
  auto type = cast<RankedTensorType>(value.getType());
  assert(type.getNumElements() == product(shape) && "a view has all elements");
  return RankedTensorType::get(shape, type.getElementType());
}

Value Kernel::addArgument(Value value, Type type) {
  for (auto [i, known] : llvm::enumerate(operands))
    if (known == value && function->getArgument(i).getType() == type)
      return function->getArgument(i);
  assert(destinations.empty() && "inputs come before destinations");
  operands.push_back(value);
  return function->getBody().front().addArgument(type, loc);
}

static bool isRankScalar(Value value) {
  return isa_and_nonnull<ShardOffsetOp, ShardExtentOp>(value.getDefiningOp());
}

Value Kernel::rankScalar(Value operand) {
  if (!isRankScalar(operand))
    return scalar(operand);
  for (Operation *user : operand.getUsers())
    if (isa<tensor::ExtractOp>(user))
      return addArgument(user->getResult(0), body.getI64Type());
  OpBuilder::InsertionGuard guard(task);
  task.setInsertionPointAfterValue(operand);
  Value extracted =
      tensor::ExtractOp::create(task, operand.getLoc(), operand, ValueRange());
  return addArgument(extracted, body.getI64Type());
}

Value Kernel::shardOffset(ArrayAttr axes, int64_t size) {
  for (Operation &known : *op->getBlock()) {
    if (&known == op)
      break;
    auto offset = dyn_cast<ShardOffsetOp>(known);
    if (offset && offset.getAxes() == axes && int64_t(offset.getSize()) == size)
      return rankScalar(offset.getResult());
  }
  NamedAttribute attrs[] = {
      task.getNamedAttr("axes", axes),
      task.getNamedAttr("size", task.getI64IntegerAttr(size))};
  auto offset = ShardOffsetOp::create(
      task, op->getLoc(),
      TypeRange(RankedTensorType::get({}, task.getI64Type())), ValueRange(),
      attrs);
  return rankScalar(offset.getResult());
}

Value Kernel::isFirst(ArrayAttr axes) {
  // A dim with one element per rank: the offset is the rank's index.
  auto module = op->getParentOfType<ModuleOp>();
  int64_t size = 1;
  for (MeshOp mesh : module.getOps<MeshOp>())
    for (auto axis : axes.getAsRange<StringAttr>())
      size *= mesh.getSize(axis);
  Value index = shardOffset(axes, size);
  return scalars().compare("eq", index, scalars().number(index.getType(), 0));
}

/// The scalar that fills the tensor of a constant, or null.
static TypedAttr getSplat(Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  if (!constant)
    return {};
  if (auto dense = dyn_cast<DenseElementsAttr>(constant.getValue()))
    return dense.isSplat() ? dense.getSplatValue<TypedAttr>() : TypedAttr();
  return dyn_cast<TypedAttr>(constant.getValue());
}

Value Kernel::input(Value value, ArrayRef<int64_t> shape) {
  if (isRankScalar(value)) {
    // Given to an op that wants a tensor: the task stores it first.
    Kernel store(table, op, "store");
    Value number = store.rankScalar(value);
    Value to = store.fresh(value.getType(), {});
    store.fill(to, number);
    store.launch();
    value = store.getLaunched(to);
  }
  return addArgument(value, viewType(value, shape));
}

Value Kernel::operand(Value value, ArrayRef<int64_t> shape) {
  if (TypedAttr splat = getSplat(value))
    return scalars().constant(splat);
  if (isRankScalar(value))
    return rankScalar(value);
  return input(value, shape);
}

Value Kernel::scalar(Value value) {
  if (TypedAttr splat = getSplat(value))
    return scalars().constant(splat);
  if (isRankScalar(value))
    return rankScalar(value);
  return scalars().extract(input(value, {}), {});
}

Value Kernel::addDestination(Value buffer, Value result,
                             ArrayRef<int64_t> shape) {
  Value argument =
      function->getBody().front().addArgument(viewType(buffer, shape), loc);
  destinations.push_back({argument, buffer, result, argument});
  return argument;
}

Value Kernel::output(Value result, ArrayRef<int64_t> shape) {
  Value buffer = tensor::EmptyOp::create(task, op->getLoc(), result.getType(),
                                         ValueRange());
  return addDestination(buffer, result, shape);
}

Value Kernel::fresh(Type type, ArrayRef<int64_t> shape) {
  Value buffer =
      tensor::EmptyOp::create(task, op->getLoc(), type, ValueRange());
  return addDestination(buffer, Value(), shape);
}

Value Kernel::inPlace(Value result, Value operand, ArrayRef<int64_t> shape) {
  if (!isLastUse(operand, op))
    operand = copyBefore(table, operand, op);
  return addDestination(operand, result, shape);
}

Kernel::Destination *Kernel::find(Value argument) {
  for (Destination &d : destinations)
    if (d.argument == argument)
      return &d;
  return nullptr;
}
Value Kernel::resolve(Value tensor) const {
  for (const Destination &d : destinations)
    if (d.argument == tensor)
      return d.current;
  return tensor;
}
Value Kernel::get(Value destination) const { return resolve(destination); }
void Kernel::set(Value destination, Value value) {
  find(destination)->current = value;
  rows = 0;
}

Access Kernel::at(Value tensor, ArrayRef<unsigned> dims) {
  SmallVector<AffineExpr> exprs;
  for (unsigned d : dims)
    exprs.push_back(body.getAffineDimExpr(d));
  return {tensor, exprs};
}

//===- bodies ------------------------------------------------------------===//

static int64_t rowsOf(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  return type.getRank() == 0 ? 0 : type.getDimSize(0);
}

/// See mpt/IR/Kernels.h for what rows are.
void Kernel::trackRows(ArrayRef<Access> ins, ArrayRef<Access> outs) {
  auto fail = [&] { rows = 0; };
  if (outs.front().exprs.empty())
    return fail();
  AffineExpr row = outs.front().exprs.front();
  auto inRow = [&](const Access &access) {
    return !access.exprs.empty() && access.exprs.front() == row;
  };
  for (const Access &out : outs) {
    if (!inRow(out) || rows.value_or(rowsOf(out.tensor)) != rowsOf(out.tensor))
      return fail();
    rows = rowsOf(out.tensor);
  }
  for (const Access &in : ins)
    if (find(in.tensor) && !inRow(in))
      return fail();
}

void Kernel::compute(ArrayRef<Access> ins, ArrayRef<Access> outs, Body make) {
  trackRows(ins, outs);
  unsigned numIterators = 0;
  SmallVector<bool> parallel;
  auto note = [&](AffineExpr expr, bool isOut) {
    expr.walk([&](AffineExpr e) {
      if (auto dim = dyn_cast<AffineDimExpr>(e)) {
        numIterators = std::max(numIterators, dim.getPosition() + 1);
        parallel.resize(std::max<size_t>(parallel.size(), numIterators), false);
        if (isOut)
          parallel[dim.getPosition()] = true;
      }
    });
  };
  SmallVector<Value> inputs, outputs;
  for (const Access &access : ins) {
    inputs.push_back(resolve(access.tensor));
    if (isa<ShapedType>(access.tensor.getType()))
      llvm::for_each(access.exprs, [&](AffineExpr e) { note(e, false); });
  }
  for (const Access &access : outs) {
    outputs.push_back(resolve(access.tensor));
    llvm::for_each(access.exprs, [&](AffineExpr e) { note(e, true); });
  }
  SmallVector<AffineMap> maps;
  for (ArrayRef<Access> list : {ins, outs})
    for (const Access &access : list) {
      bool isTensor = isa<ShapedType>(access.tensor.getType());
      maps.push_back(AffineMap::get(numIterators, 0,
                                    isTensor ? ArrayRef(access.exprs)
                                             : ArrayRef<AffineExpr>(),
                                    body.getContext()));
    }
  SmallVector<utils::IteratorType> kinds;
  for (bool p : parallel)
    kinds.push_back(p ? utils::IteratorType::parallel
                      : utils::IteratorType::reduction);
  auto generic = linalg::GenericOp::create(
      body, loc, ValueRange(outputs).getTypes(), inputs, outputs, maps, kinds,
      [&](OpBuilder &b, Location loc, ValueRange args) {
        Scalars s{b, loc};
        linalg::YieldOp::create(
            b, loc,
            make(s, args.take_front(ins.size()), args.drop_front(ins.size())));
      });
  for (auto [access, value] : llvm::zip_equal(outs, generic.getResults()))
    find(access.tensor)->current = value;
}

void Kernel::fill(Value destination, Value scalar) {
  Destination *d = find(destination);
  if (rows.value_or(rowsOf(destination)) != rowsOf(destination))
    rows = 0;
  else
    rows = rowsOf(destination);
  d->current =
      linalg::FillOp::create(body, loc, scalar, d->current).getResult(0);
}

void Kernel::fill(Value destination, StringRef kind) {
  fill(destination, scalars().identity(kind, elementOf(destination)));
}

//===- launch ------------------------------------------------------------===//

/// `stem_32x64`: of the largest parameter; other types than f32 are named.
std::string Kernel::makeStem() {
  RankedTensorType largest;
  for (Type type : function->getBody().front().getArgumentTypes())
    if (auto tensor = dyn_cast<RankedTensorType>(type))
      if (!largest || tensor.getNumElements() > largest.getNumElements())
        largest = tensor;
  std::string name;
  llvm::raw_string_ostream os(name);
  os << stem;
  if (largest.getRank() != 0) {
    os << "_";
    llvm::interleave(largest.getShape(), os, "x");
  }
  Type element = cast<RankedTensorType>(destinations.front().argument.getType())
                     .getElementType();
  if (!element.isF32())
    os << "_" << element;
  return name;
}

void Kernel::launch() {
  SmallVector<Value> results, outs;
  for (const Destination &d : destinations) {
    results.push_back(d.current);
    outs.push_back(d.task);
  }
  func::ReturnOp::create(body, loc, results);
  function->setFunctionType(body.getFunctionType(
      function->getBody().front().getArgumentTypes(), TypeRange(results)));
  function.get()->setAttr(kKernelAttr, body.getUnitAttr());
  if (rows.value_or(0) > 1)
    function.get()->setAttr(kRowsAttr, body.getI64IntegerAttr(*rows));
  std::string name = makeStem();
  FlatSymbolRefAttr symbol = table.intern(std::move(function), name);
  auto launch =
      LaunchOp::create(task, op->getLoc(), TypeRange(ValueRange(outs)), symbol,
                       operands, outs, getNodes(op), StringAttr());
  for (auto [d, result] : llvm::zip_equal(destinations, launch.getResults())) {
    if (d.result)
      d.result.replaceAllUsesWith(result);
    d.result = result;
  }
}

Value mpt::copyBefore(KernelTable &table, Value value, Operation *op) {
  Shape shape = rowsShape(value.getType());
  auto dims = llvm::to_vector(llvm::seq<unsigned>(0, shape.size()));
  Kernel k(table, op, "copy");
  Value from = k.operand(value, shape);
  Value to = k.fresh(value.getType(), shape);
  k.compute({k.at(from, dims)}, {k.at(to, dims)},
            [](Scalars &, ValueRange in, ValueRange) {
              return SmallVector<Value>{in[0]};
            });
  k.launch();
  return k.getLaunched(to);
}
