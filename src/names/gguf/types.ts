/** What the converter did to values. */
export type Transform = 'rotary' | 'experts' | 'shape' | 'add_one' | 'transpose';
