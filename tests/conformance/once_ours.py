"""Which private names did the built-in layers once use themselves?"""

from __future__ import annotations

ONCE_OURS = """
    _activate _add_bias _add_kernel _add_statistic _adds_bias_within _advance _amounts _are_last _as_feature
    _as_images _as_inputs _as_numbers _as_numbers_to_average _as_of_images _as_of_inputs _as_outputs _as_plain
    _as_state _as_states _as_text _as_weights_are _attend_by_product _attention_is_ours _axes _axes_in _begin
    _begin_build _begin_dropout _begin_states _begins_at_zero _bias_by_windows _bins_of_ints _boundaries
    _by_batch_statistics _by_index _by_moments _by_moving_statistics _call_in_one _call_on_any _cast _causal
    _causal_mask _channel_axis _channels _channels_are_last _channels_last _channels_second _check_arguments
    _check_batch _check_broadcast _check_can_keep _check_dtype _check_fit _check_known _check_list _check_mask
    _check_module _check_moments _check_one_axis _check_rank _check_shape _check_shapes _check_sizes _choose
    _constants_count _convolve _counts _counts_from_the_end _declares_training _depth _deviation _documents _draw
    _draw_factors _draw_kept _draw_mask _draw_masks _draw_seeded _drawn _draws _drop_arguments_of_conv
    _dtype_of_draws _enlarged _expect_real_inputs _expect_vocabulary _factors _fill_given_moments _find_kernel
    _find_padding _first_axis _first_state_takes _fitting_mask _fixed_padding _follow _free_bins _from_images
    _from_plain _from_torch _from_windows _fuses _geometry _given _go_straight _goes_channels_last _goes_straight
    _groups _halves _has_mask _has_mask_index _has_single_side _head_counts _head_sizes _heads _hold _idf_weights
    _in_compute_dtype _in_one_dtype _indices _indices_of _input_bias _input_count _input_dtype_name
    _inputs_built_for _into_heads _is_as_image _is_given _is_last _is_lazy _is_ours _is_transposed _is_usual
    _keep_states _kept _kept_states _kernel _kernel_name _keys _known_tokens _largest_of_rows _learn _least_length
    _least_lengths _least_sizes _leaves_out _list_expected _list_of _made_sizes _mask _mask_count _masked_int
    _masks_of_values _matrix_shape _merge _merge_masks _misfit _move _multiply _must_go_step_by_step _new_length
    _noise _normalize _normalized _numbers_as_tensor _numbers_of _of_one_rank _one_shape _oov _outer_shape
    _output_dtype _output_shape _output_sizes _paddings _pads_before _pairs _plan _pool _pool_padded _prepare_calls
    _prepare_recurrence _project _projection_regularizer _read _read_axes _read_bias_axes _read_bins
    _read_boundaries _read_constants _read_dims _read_encoding _read_groups _read_idf_weights _read_inputs
    _read_lengths _read_masks _read_moment _read_output_padding _read_output_shape _read_shape _read_shapes
    _read_soft_cap _read_state _read_target _read_token _read_value _read_weights _reads_anew _recur
    _recurrent_weights _reduced _refuse_strides_with_dilation _reverse_dtype _rows _run _run_cell _run_fused
    _samples_apart _scale _scaled _scaled_by_fans _scores _set_boundaries _shape _shape_for _shape_of_scale
    _shape_to_build_for _shares_first_axes _short _sizes _sizes_for _sizes_kept _slices _slide _slide_over_state
    _slide_shape _special _state_arguments _state_before _state_excess _state_padding _step_by_step _steps_in
    _steps_with_data _strings_layer _suits_kernel _summed_axes _take_activity_regularizer _take_arguments
    _take_dropout _take_seed _take_weight_arguments _to_filters _to_images _to_mixture _to_torch _to_windows
    _tokens_at _too_small _torch_arguments _torch_convolution _torch_dilation _torch_strides _trace_output_shape
    _unfold _unknown _unknown_indices _value_missing _values _vector _vocabulary _wanted _windows
    _with_channels_second _with_states _with_steps _without_fused _written _zeros_around _zeros_before
""".split()  # noqa: SIM905 (as a list it has 400 lines)
