import { serve } from '../serve.ts';
import { visitsHandler } from './api.ts';

serve('visits', visitsHandler);
