// SPDX-License-Identifier: Apache-2.0
#include "CallForm.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::mpt;

static constexpr StringLiteral kForm =
    "expected NAME(ARGUMENT,...){KEY=VALUE,...}";

/// Splits at commas outside of `[]`; no pieces of blank text.
static SmallVector<StringRef> splitList(StringRef text) {
  SmallVector<StringRef> pieces;
  if (text.trim().empty())
    return pieces;
  size_t begin = 0;
  int depth = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '[')
      ++depth;
    if (i < text.size() && text[i] == ']')
      --depth;
    if (i < text.size() && (text[i] != ',' || depth > 0))
      continue;
    pieces.push_back(text.slice(begin, i).trim());
    begin = i + 1;
  }
  return pieces;
}

FailureOr<CallForm> CallForm::parse(StringRef text, EmitError emitError) {
  CallForm form;
  StringRef rest = text.trim();
  form.name = rest.take_until([](char c) { return c == '(' || c == '{'; });
  rest = rest.drop_front(form.name.size());
  form.name = form.name.trim();
  if (form.name.empty())
    return emitError() << "has no name; " << kForm;
  if (rest.consume_front("(")) {
    size_t end = rest.find(')');
    if (end == StringRef::npos)
      return emitError() << "lacks ')'; " << kForm;
    form.arguments = splitList(rest.take_front(end));
    rest = rest.drop_front(end + 1).ltrim();
  }
  if (rest.consume_front("{")) {
    if (!rest.consume_back("}"))
      return emitError() << "lacks '}' at its end; " << kForm;
    if (failed(form.parseOptions(rest, emitError)))
      return failure();
    rest = "";
  }
  if (!rest.empty())
    return emitError() << "has '" << rest << "' after its end; " << kForm;
  return form;
}

LogicalResult CallForm::parseOptions(StringRef body, EmitError emitError) {
  for (StringRef piece : splitList(body)) {
    auto [key, value] = piece.split('=');
    bool hasValue = piece.contains('=');
    key = key.trim();
    if (key.empty())
      return emitError() << "has an option without a name: '" << piece << "'; "
                         << kForm;
    for (const Option &other : options)
      if (other.key == key)
        return emitError() << "gives '" << key << "' twice";
    options.push_back({key, value.trim(), hasValue});
  }
  return success();
}

const CallForm::Option *CallForm::find(StringRef key) {
  known.push_back(key);
  for (const Option &option : options)
    if (option.key == key)
      return &option;
  return nullptr;
}

LogicalResult CallForm::read(StringRef key, double &value,
                             EmitError emitError) {
  const Option *option = find(key);
  if (option && option->value.getAsDouble(value))
    return emitError() << "option '" << key << "' must be a number, found '"
                       << option->value << "'";
  return success();
}

LogicalResult CallForm::read(StringRef key, int64_t &value,
                             EmitError emitError) {
  const Option *option = find(key);
  if (option && option->value.getAsInteger(10, value))
    return emitError() << "option '" << key << "' must be an integer, found '"
                       << option->value << "'";
  return success();
}

LogicalResult CallForm::read(StringRef key, bool &value, EmitError emitError) {
  const Option *option = find(key);
  if (!option)
    return success();
  if (option->hasValue && option->value != "true" && option->value != "false")
    return emitError() << "option '" << key
                       << "' is a flag: expected true or false, found '"
                       << option->value << "'";
  value = !option->hasValue || option->value == "true";
  return success();
}

LogicalResult CallForm::read(StringRef key, SmallVectorImpl<double> &values,
                             EmitError emitError) {
  const Option *option = find(key);
  if (!option)
    return success();
  StringRef text = option->value;
  bool ok = text.consume_front("[") && text.consume_back("]");
  SmallVector<double> numbers;
  for (StringRef piece : splitList(ok ? text : ""))
    ok &= !piece.getAsDouble(numbers.emplace_back());
  if (!ok || numbers.size() != values.size())
    return emitError() << "option '" << key << "' must be a list of "
                       << values.size() << " numbers, found '" << option->value
                       << "'";
  llvm::copy(numbers, values.begin());
  return success();
}

LogicalResult CallForm::finish(EmitError emitError) const {
  bool ok = true;
  for (const Option &option : options) {
    if (llvm::is_contained(known, option.key))
      continue;
    ok = false;
    auto diagnostic = emitError() << "has no option '" << option.key << "'";
    if (option.key == "lr")
      diagnostic << "; the learning rate is given at run time by --lr";
    else if (known.empty())
      diagnostic << "; it has none";
    else
      diagnostic << "; it has " << llvm::join(known, ", ");
  }
  return success(ok);
}
