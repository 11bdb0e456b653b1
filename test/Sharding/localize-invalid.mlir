// RUN: mpt-opt %s --mpt-localize-tasks --verify-diagnostics --split-input-file

// All problems of all tasks are reported at once.
mpt.mesh <["tp"=2], time ["micro"=2]>
func.func @whole(%x: tensor<4x6xf32, #mpt.s<[{}, {"tp"=2}]>>) -> tensor<4x6xf32, #mpt.s<[{}, {"tp"=2}]>> {
  // expected-error @+1 {{'mpt.softmax' op needs dim 1 of 'tensor<4x6xf32, #mpt.s<[{}, {"tp"=2}]>>' whole, but it is cut over 'tp'; reshard it before or choose another sharding}}
  %r = mpt.softmax %x {axis = 1} : tensor<4x6xf32, #mpt.s<[{}, {"tp"=2}]>>
  return %r : tensor<4x6xf32, #mpt.s<[{}, {"tp"=2}]>>
}
func.func @reshape(%x: tensor<3x4xf32, #mpt.s<[{"tp"=2}, {}]>>) -> tensor<12xf32, #mpt.s<[{"tp"=2}]>> {
  // expected-error @+1 {{cannot keep the cuts from 'tensor<3x4xf32, #mpt.s<[{"tp"=2}, {}]>>' to 'tensor<12xf32, #mpt.s<[{"tp"=2}]>>'; cut only its major part and into equal blocks, or reshard before}}
  %r = mpt.reshape %x : tensor<3x4xf32, #mpt.s<[{"tp"=2}, {}]>> -> tensor<12xf32, #mpt.s<[{"tp"=2}]>>
  return %r : tensor<12xf32, #mpt.s<[{"tp"=2}]>>
}
func.func @minor(%x: tensor<3x4xf32, #mpt.s<[{}, {"tp"=2}]>>) -> tensor<12xf32, #mpt.s<[{"tp"=2}]>> {
  // expected-error @+1 {{cannot keep the cuts from}}
  %r = mpt.reshape %x : tensor<3x4xf32, #mpt.s<[{}, {"tp"=2}]>> -> tensor<12xf32, #mpt.s<[{"tp"=2}]>>
  return %r : tensor<12xf32, #mpt.s<[{"tp"=2}]>>
}
func.func @constant() -> tensor<4xf32, #mpt.s<[{}], partial = [sum{"tp"=2}]>> {
  // expected-error @+1 {{a partial constant must be zero, found 1.000000e+00 : f32}}
  %r = mpt.constant {value = 1.0 : f32} : tensor<4xf32, #mpt.s<[{}], partial = [sum{"tp"=2}]>>
  return %r : tensor<4xf32, #mpt.s<[{}], partial = [sum{"tp"=2}]>>
}
func.func @time(%x: tensor<4xf32, #mpt.s<[{"micro"=2,"tp"=2}]>>) -> tensor<4xf32, #mpt.s<[{"micro"=2}]>> {
  // expected-error @+1 {{reshards dim 0, which is also cut over 'micro'; choose a dp that divides the samples of a micro-batch}}
  %r = mpt.reshard %x : tensor<4xf32, #mpt.s<[{"micro"=2,"tp"=2}]>> -> tensor<4xf32, #mpt.s<[{"micro"=2}]>>
  return %r : tensor<4xf32, #mpt.s<[{"micro"=2}]>>
}
func.func @form(%x: tensor<4xf32, #mpt.s<[{}]>>) -> tensor<4xf32, #mpt.s<[{}]>> {
  // expected-error @+1 {{has no place in a task before phase 6}}
  %r = mpt.constrain %x {to = #mpt.s<[{}]>} : tensor<4xf32, #mpt.s<[{}]>>
  return %r : tensor<4xf32, #mpt.s<[{}]>>
}

// -----

mpt.mesh <["tp"=4, "cp"=2], time ["micro"=1]>
func.func @part(%x: tensor<4xf32, #mpt.s<[{"tp"=4:(1)2}]>>) -> tensor<4xf32, #mpt.s<[{}]>> {
  // expected-error @+1 {{reshards over a part of axis 'tp'; only whole axes are supported}}
  %r = mpt.reshard %x : tensor<4xf32, #mpt.s<[{"tp"=4:(1)2}]>> -> tensor<4xf32, #mpt.s<[{}]>>
  return %r : tensor<4xf32, #mpt.s<[{}]>>
}
func.func @classes(%z: tensor<8x9xf32, #mpt.s<[{}, {"cp"=2,"tp"=4}]>>, %labels: tensor<8xi64, #mpt.s<[{}]>>)
    -> tensor<f32, #mpt.s<[], partial = [sum{"cp"=2,"tp"=4}]>> {
  // expected-error @+1 {{cannot cut 9 classes over 'cp', 'tp': a pad would stand for a class of another rank; cut them over one axis}}
  %ls, %lse = mpt.cross_entropy %z, %labels {ignore_index = -100} : tensor<8x9xf32, #mpt.s<[{}, {"cp"=2,"tp"=4}]>>, tensor<8xi64, #mpt.s<[{}]>> -> tensor<f32, #mpt.s<[], partial = [sum{"cp"=2,"tp"=4}]>>, tensor<8xf32, #mpt.s<[{}]>>
  return %ls : tensor<f32, #mpt.s<[], partial = [sum{"cp"=2,"tp"=4}]>>
}

// -----

// expected-error @+1 {{expected one mpt.mesh; run phase 3 first}}
module {
  func.func @f() { return }
}
