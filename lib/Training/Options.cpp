// SPDX-License-Identifier: Apache-2.0
#include "Options.h"
#include "CallForm.h"
#include "mpt/IR/Config.h"

using namespace mlir;
using namespace mlir::mpt;

static constexpr StringLiteral kLosses =
    "'cross_entropy(LOGITS,LABELS){ignore_index=N}', 'mse(PRED,TARGET)' or "
    "'output:NAME'";

namespace {
/// Reads the options and counts what is wrong.
struct Reader {
  ModuleOp module;
  Config config;
  TrainingOptions &options;
  bool ok = true;

  void check(LogicalResult result) { ok &= succeeded(result); }
  void require(bool condition, CallForm::EmitError emitError, StringRef key,
               double found, StringRef range) {
    if (condition)
      return;
    emitError() << "option '" << key << "' is " << found << "; expected "
                << range;
    ok = false;
  }
  void readLoss();
  void readCall(StringRef text, CallForm::EmitError emitError);
  void readOptimizer();
  void readAdam(CallForm &form, CallForm::EmitError emitError);
  void readSgd(CallForm &form, CallForm::EmitError emitError);
};
} // namespace

void Reader::readLoss() {
  StringRef text = config.getString("loss");
  auto emitError = [&] {
    return module.emitError() << "loss '" << text << "' ";
  };
  LossOptions &loss = options.loss;
  loss.text = text;
  if (text.empty()) {
    module.emitError() << "no loss is given; give --loss=" << kLosses
                       << ", or --inference";
    ok = false;
    return;
  }
  if (!text.starts_with("output:"))
    return readCall(text, emitError);
  loss.kind = LossOptions::Kind::Output;
  loss.output = text.drop_front(StringRef("output:").size()).trim();
}

void Reader::readCall(StringRef text, CallForm::EmitError emitError) {
  LossOptions &loss = options.loss;
  FailureOr<CallForm> form = CallForm::parse(text, emitError);
  if (failed(form)) {
    ok = false;
    return;
  }
  bool isCrossEntropy = form->getName() == "cross_entropy";
  if (!isCrossEntropy && form->getName() != "mse") {
    emitError() << "is unknown; expected " << kLosses;
    ok = false;
    return;
  }
  loss.kind = isCrossEntropy ? LossOptions::Kind::CrossEntropy
                             : LossOptions::Kind::MeanSquaredError;
  if (isCrossEntropy)
    check(form->read("ignore_index", loss.ignoreIndex, emitError));
  check(form->finish(emitError));
  ArrayRef<StringRef> arguments = form->getArguments();
  if (arguments.size() != 2 || arguments[0].empty() || arguments[1].empty()) {
    emitError() << "has " << arguments.size() << " arguments; expected "
                << (isCrossEntropy ? "cross_entropy(LOGITS,LABELS)"
                                   : "mse(PRED,TARGET)");
    ok = false;
    return;
  }
  loss.output = arguments[0];
  loss.label = arguments[1];
}

void Reader::readOptimizer() {
  StringRef text = config.getString("optimizer", "adamw");
  auto emitError = [&] {
    return module.emitError() << "optimizer '" << text << "' ";
  };
  FailureOr<CallForm> form = CallForm::parse(text, emitError);
  if (failed(form)) {
    ok = false;
    return;
  }
  StringRef name = form->getName();
  if (name != "sgd" && name != "adam" && name != "adamw") {
    emitError() << "is unknown; expected sgd, adam or adamw";
    ok = false;
    return;
  }
  if (!form->getArguments().empty()) {
    emitError() << "has arguments in (); its options stand in {}";
    ok = false;
  }
  OptimizerOptions &optimizer = options.optimizer;
  optimizer.kind = name;
  optimizer.weightDecay = name == "adamw" ? 0.01 : 0.0;
  if (name == "sgd")
    readSgd(*form, emitError);
  else
    readAdam(*form, emitError);
  check(form->read("weight_decay", optimizer.weightDecay, emitError));
  require(optimizer.weightDecay >= 0, emitError, "weight_decay",
          optimizer.weightDecay, "0 or more");
  check(form->finish(emitError));
}

void Reader::readAdam(CallForm &form, CallForm::EmitError emitError) {
  OptimizerOptions &optimizer = options.optimizer;
  check(form.read("betas", optimizer.betas, emitError));
  for (double beta : optimizer.betas)
    require(beta >= 0 && beta < 1, emitError, "betas", beta,
            "numbers from 0 to below 1");
  check(form.read("eps", optimizer.eps, emitError));
  require(optimizer.eps >= 0, emitError, "eps", optimizer.eps, "0 or more");
}

void Reader::readSgd(CallForm &form, CallForm::EmitError emitError) {
  OptimizerOptions &optimizer = options.optimizer;
  check(form.read("momentum", optimizer.momentum, emitError));
  require(optimizer.momentum >= 0, emitError, "momentum", optimizer.momentum,
          "0 or more");
  check(form.read("nesterov", optimizer.nesterov, emitError));
  if (optimizer.nesterov && optimizer.momentum == 0) {
    emitError() << "has nesterov without momentum; add momentum=0.9";
    ok = false;
  }
  if (optimizer.momentum > 0)
    optimizer.kind = "momentum";
}

SmallVector<StringRef> OptimizerOptions::getStates() const {
  if (kind == "sgd")
    return {};
  if (kind == "momentum")
    return {"momentum_buffer"};
  return {"exp_avg", "exp_avg_sq"};
}

FailureOr<TrainingOptions> TrainingOptions::parse(ModuleOp module) {
  TrainingOptions options;
  Reader reader{module, Config(module), options};
  reader.readLoss();
  reader.readOptimizer();
  if (double clip = reader.config.getDouble("clip", 0); clip != 0) {
    options.clip = clip;
    if (!(clip > 0)) {
      module.emitError() << "clip is " << clip
                         << "; expected a norm above 0, or no --clip";
      reader.ok = false;
    }
  }
  if (StringRef regex = reader.config.getString("decay"); !regex.empty()) {
    options.decay = regex.str();
    std::string error;
    if (!llvm::Regex(regex).isValid(error)) {
      module.emitError() << "decay '" << regex
                         << "' is no regular expression: " << error;
      reader.ok = false;
    }
  }
  if (!reader.ok)
    return failure();
  return options;
}

double TrainingOptions::getDecay(StringRef parameter, int64_t rank) const {
  bool decays = decay ? llvm::Regex(*decay).match(parameter) : rank >= 2;
  return decays ? optimizer.weightDecay : 0.0;
}
