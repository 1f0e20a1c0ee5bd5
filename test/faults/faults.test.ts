import { plans } from './plans.ts';
import { MAILING, sampleFaults } from './sample.ts';

sampleFaults(plans.filter(({ name }) => !MAILING.includes(name)));
