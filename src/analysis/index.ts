export { DiffAnalyzer } from './analyzer.ts';
