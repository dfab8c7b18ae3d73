/**
 * How many ports of one number a further one is compared with for warnings, and how many warnings that may give. Without
 * these, a pod made for it could cost the square of its ports.
 */
export const comparedPortsMax = 100;
export const portWarningsMax = 100;
