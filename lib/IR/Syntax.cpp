// SPDX-License-Identifier: Apache-2.0
// The common textual form of program ops:
//   mpt.reduce sum %x {axes = [0, 1], id = 28} : tensor<8x4xf32> -> tensor<f32>
//   mpt.dot_general %a, %b contract [2] x [0] : tensor<..>, tensor<..> -> ..
//   mpt.all_reduce sum %x over ["tp"] stages [0, 1] {bytes = 4} : tensor<f32>
//   mpt.read @wte : tensor<64x32xf32>
// `kind` and `source` stand right after the name; numbers are i64 or f64 unless
// their type is written; a list of i64 is a dense array. One type stands for
// all operands and results if it is that of all.
#include "mpt/IR/Mpt.h"

using namespace mlir;
using namespace mlir::mpt;

static bool isPromoted(StringRef name) {
  return llvm::is_contained({"kind", "source", "lhs_contract", "rhs_contract",
                             "lhs_batch", "rhs_batch", "over", "stages"},
                            name);
}

static Attribute toDenseArray(Attribute attr) {
  auto array = dyn_cast<ArrayAttr>(attr);
  if (!array)
    return attr;
  auto isI64 = [](Attribute a) {
    auto i = dyn_cast<IntegerAttr>(a);
    return i && i.getType().isSignlessInteger(64);
  };
  auto isF64 = [](Attribute a) {
    auto f = dyn_cast<FloatAttr>(a);
    return f && f.getType().isF64();
  };
  MLIRContext *ctx = attr.getContext();
  if (llvm::all_of(array, isI64)) {
    SmallVector<int64_t> values;
    for (Attribute a : array)
      values.push_back(cast<IntegerAttr>(a).getInt());
    return DenseI64ArrayAttr::get(ctx, values);
  }
  if (llvm::all_of(array, isF64)) {
    SmallVector<double> values;
    for (Attribute a : array)
      values.push_back(cast<FloatAttr>(a).getValueAsDouble());
    return DenseF64ArrayAttr::get(ctx, values);
  }
  return attr;
}

static ParseResult parseNumbers(OpAsmParser &p, DenseI64ArrayAttr &attr) {
  SmallVector<int64_t> values;
  if (p.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
        return p.parseInteger(values.emplace_back());
      }))
    return failure();
  attr = DenseI64ArrayAttr::get(p.getContext(), values);
  return success();
}

/// `contract [1] x [0]` and `batch [0] x [0]`.
static ParseResult parseDimPair(OpAsmParser &p, StringRef keyword,
                                OperationState &result) {
  if (failed(p.parseOptionalKeyword(keyword)))
    return success();
  DenseI64ArrayAttr lhs, rhs;
  if (parseNumbers(p, lhs) || p.parseKeyword("x") || parseNumbers(p, rhs))
    return failure();
  result.addAttribute(("lhs_" + keyword).str(), lhs);
  result.addAttribute(("rhs_" + keyword).str(), rhs);
  return success();
}

static ParseResult parseAttributes(OpAsmParser &p, OperationState &result) {
  if (failed(p.parseOptionalLBrace()))
    return success();
  if (succeeded(p.parseOptionalRBrace()))
    return success();
  auto entry = [&]() -> ParseResult {
    std::string name;
    if (p.parseKeywordOrString(&name))
      return failure();
    if (failed(p.parseOptionalEqual())) {
      result.addAttribute(name, p.getBuilder().getUnitAttr());
      return success();
    }
    Attribute value;
    if (p.parseAttribute(value))
      return failure();
    result.addAttribute(name, toDenseArray(value));
    return success();
  };
  return failure(p.parseCommaSeparatedList(entry) || p.parseRBrace());
}

static ParseResult
parseTypes(OpAsmParser &p, OperationState &result,
           ArrayRef<OpAsmParser::UnresolvedOperand> operands) {
  SMLoc loc = p.getCurrentLocation();
  SmallVector<Type> types;
  if (p.parseColon())
    return failure();
  if (failed(p.parseOptionalLParen())) {
    if (p.parseTypeList(types))
      return failure();
  } else if (p.parseRParen()) {
    return failure();
  }
  if (succeeded(p.parseOptionalArrow())) {
    if (succeeded(p.parseOptionalLParen())) {
      if (p.parseRParen())
        return failure();
    } else if (p.parseTypeList(result.types)) {
      return failure();
    }
    return p.resolveOperands(operands, types, loc, result.operands);
  }
  // One type for everything; how many results follows from what was asked for.
  if (types.size() != 1)
    return p.emitError(loc, "expected '->' and the types of the results");
  size_t numResults = p.getNumResults();
  result.types.assign(numResults, types.front());
  return p.resolveOperands(operands, types.front(), result.operands);
}

ParseResult mpt::parseProgramOp(OpAsmParser &p, OperationState &result) {
  StringRef kind;
  if (succeeded(p.parseOptionalKeyword(&kind)))
    result.addAttribute("kind", p.getBuilder().getStringAttr(kind));
  StringAttr symbol;
  if (succeeded(p.parseOptionalSymbolName(symbol))) {
    result.addAttribute("source", FlatSymbolRefAttr::get(symbol));
    (void)p.parseOptionalComma();
  }
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  if (p.parseOperandList(operands) || parseDimPair(p, "batch", result) ||
      parseDimPair(p, "contract", result))
    return failure();
  if (succeeded(p.parseOptionalKeyword("over"))) {
    SmallVector<Attribute> axes;
    if (p.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
          std::string name;
          if (p.parseString(&name))
            return failure();
          axes.push_back(p.getBuilder().getStringAttr(name));
          return success();
        }))
      return failure();
    result.addAttribute("over", p.getBuilder().getArrayAttr(axes));
  }
  if (succeeded(p.parseOptionalKeyword("stages"))) {
    DenseI64ArrayAttr stages;
    if (parseNumbers(p, stages))
      return failure();
    result.addAttribute("stages", stages);
  }
  SMLoc loc = p.getCurrentLocation();
  if (parseAttributes(p, result))
    return failure();
  auto error = [&] {
    return p.emitError(loc) << "'" << result.name.getStringRef() << "' op ";
  };
  if (failed(result.name.verifyInherentAttrs(result.attributes, error)))
    return failure();
  return parseTypes(p, result, operands);
}

//===- Printing ----------------------------------------------------------===//

static void printNumbers(OpAsmPrinter &p, ArrayRef<int64_t> values) {
  p << "[";
  llvm::interleaveComma(values, p.getStream());
  p << "]";
}

static void printValue(OpAsmPrinter &p, Attribute attr) {
  if (auto ints = dyn_cast<DenseI64ArrayAttr>(attr))
    return printNumbers(p, ints.asArrayRef());
  if (auto floats = dyn_cast<DenseF64ArrayAttr>(attr)) {
    p << "[";
    llvm::interleaveComma(floats.asArrayRef(), p.getStream(), [&](double v) {
      p.printFloat(APFloat(v));
    });
    p << "]";
    return;
  }
  if (auto i = dyn_cast<IntegerAttr>(attr); i && i.getType().isSignlessInteger(64))
    return p.printAttributeWithoutType(attr);
  // Infinities and NaN are hexadecimal: without a type, integers.
  if (auto f = dyn_cast<FloatAttr>(attr);
      f && f.getType().isF64() && f.getValue().isFinite())
    return p.printAttributeWithoutType(attr);
  p.printAttribute(attr);
}

static void printDimPair(Operation *op, OpAsmPrinter &p, StringRef keyword) {
  auto lhs = dyn_cast_or_null<DenseI64ArrayAttr>(
      op->getInherentAttr(("lhs_" + keyword).str()).value_or(nullptr));
  auto rhs = dyn_cast_or_null<DenseI64ArrayAttr>(
      op->getInherentAttr(("rhs_" + keyword).str()).value_or(nullptr));
  if (!lhs || !rhs)
    return;
  p << " " << keyword << " ";
  printNumbers(p, lhs.asArrayRef());
  p << " x ";
  printNumbers(p, rhs.asArrayRef());
}

static void printTypes(Operation *op, OpAsmPrinter &p) {
  SmallVector<Type> all(op->getOperandTypes());
  llvm::append_range(all, op->getResultTypes());
  p << " : ";
  if (!all.empty() && llvm::all_equal(all)) {
    p << all.front();
    return;
  }
  if (op->getNumOperands() == 0)
    p << "()";
  llvm::interleaveComma(op->getOperandTypes(), p.getStream(),
                        [&](Type t) { p.printType(t); });
  p << " -> ";
  if (op->getNumResults() == 0)
    p << "()";
  llvm::interleaveComma(op->getResultTypes(), p.getStream(),
                        [&](Type t) { p.printType(t); });
}

void mpt::printProgramOp(Operation *op, OpAsmPrinter &p) {
  auto get = [&](StringRef name) {
    return op->getInherentAttr(name).value_or(nullptr);
  };
  if (auto kind = dyn_cast_or_null<StringAttr>(get("kind")))
    p << " " << kind.getValue();
  if (auto source = dyn_cast_or_null<FlatSymbolRefAttr>(get("source"))) {
    p << " " << source;
    if (op->getNumOperands() != 0)
      p << ",";
  }
  if (op->getNumOperands() != 0)
    p << " " << op->getOperands();
  printDimPair(op, p, "batch");
  printDimPair(op, p, "contract");
  if (auto over = dyn_cast_or_null<ArrayAttr>(get("over")))
    p << " over " << over;
  if (auto stages = dyn_cast_or_null<DenseI64ArrayAttr>(get("stages"))) {
    p << " stages ";
    printNumbers(p, stages.asArrayRef());
  }
  SmallVector<NamedAttribute> rest;
  DictionaryAttr all = op->getAttrDictionary();
  for (NamedAttribute attr : all)
    if (!isPromoted(attr.getName()))
      rest.push_back(attr);
  if (!rest.empty()) {
    p << " {";
    llvm::interleaveComma(rest, p.getStream(), [&](NamedAttribute attr) {
      p.printKeywordOrString(attr.getName());
      if (isa<UnitAttr>(attr.getValue()))
        return;
      p << " = ";
      printValue(p, attr.getValue());
    });
    p << "}";
  }
  printTypes(op, p);
}
