export { checkEmbedding, type Embedding } from './check-embedding.ts';
