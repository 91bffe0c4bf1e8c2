/** What kind of part of the network a tensor belongs to; every tensor has exactly one. */
export type LayerType =
  | 'attention'
  | 'mlp'
  | 'router'
  | 'embedding'
  | 'position'
  | 'norm'
  | 'output'
  | 'conv'
  | 'ssm'
  | 'projector'
  | 'conditioning'
  | 'adapter'
  | 'quant'
  | 'buffer'
  | 'other';
