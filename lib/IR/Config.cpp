// SPDX-License-Identifier: Apache-2.0
#include "mpt/IR/Config.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace mlir::mpt;

Config::Config(ModuleOp module)
    : dict(module->getAttrOfType<DictionaryAttr>(kConfigAttr)) {
  if (!dict)
    dict = DictionaryAttr::get(module.getContext());
}

StringRef Config::getString(StringRef key, StringRef fallback) const {
  auto attr = dict.getAs<StringAttr>(key);
  return attr ? attr.getValue() : fallback;
}
int64_t Config::getInt(StringRef key, int64_t fallback) const {
  if (auto flag = dict.getAs<BoolAttr>(key))
    return flag.getValue();
  auto attr = dict.getAs<IntegerAttr>(key);
  return attr ? attr.getInt() : fallback;
}
double Config::getDouble(StringRef key, double fallback) const {
  auto attr = dict.getAs<FloatAttr>(key);
  return attr ? attr.getValueAsDouble() : fallback;
}
SmallVector<StringRef> Config::getStrings(StringRef key) const {
  SmallVector<StringRef> values;
  if (auto attr = dict.getAs<ArrayAttr>(key))
    for (auto value : attr.getAsValueRange<StringAttr>())
      values.push_back(value);
  return values;
}
int64_t Config::getMeshSize(StringRef axis) const {
  auto mesh = dict.getAs<DictionaryAttr>("mesh");
  auto size = mesh ? mesh.getAs<IntegerAttr>(axis) : IntegerAttr();
  return size ? size.getInt() : 1;
}

void mpt::setConfig(ModuleOp module, StringRef key, Attribute value) {
  NamedAttrList list(module->getAttrOfType<DictionaryAttr>(kConfigAttr));
  list.set(key, value);
  module->setAttr(kConfigAttr, list.getDictionary(module.getContext()));
}
